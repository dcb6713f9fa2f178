"""The stages that there are: each is a parameter file beside the templates."""

import re
from pathlib import Path

BICEP = Path(__file__).resolve().parents[1] / "bicep"
ENDING = ".bicepparam"
#: A file that reads a value from the environment leaves it to the deployment.
LEFT_OPEN = "readEnvironmentVariable("
#: The name of the bucket has 24 small letters and digits, for scops, the stage and 13 of Azure's.
NAME = re.compile(r"[a-z][a-z0-9]{1,7}")


def parameters_of(stage: str) -> Path:
    """The stage's parameter file; raises SystemExit with the stages that there are."""
    path = BICEP / f"{stage}{ENDING}"
    known = ", ".join(sorted(file.stem for file in BICEP.glob(f"*{ENDING}")))
    if not NAME.fullmatch(stage):
        raise SystemExit(
            f"STAGE={stage}: wanted 2 to 8 small letters and digits, a letter first, since the "
            f"bucket's name is made of it. The stages are {known}"
        )
    if not path.exists():
        raise SystemExit(
            f"STAGE={stage}: there is no {path}, and the stages are {known}. "
            f"For a new one copy dev{ENDING} to it, and set `stage` in it"
        )
    if (told := stage_in(path.read_text())) != stage:
        raise SystemExit(
            f"STAGE={stage}: {path} has stage {told!r}, so all names would be that one's. "
            f"Write `param stage = '{stage}'` in it"
        )
    return path


def stage_in(text: str) -> str:
    """The stage that a parameter file is of; empty when it names none.

    >>> stage_in("using './main.bicep'\\nparam stage = 'dev'\\n")
    'dev'
    """
    found = re.search(r"^param\s+stage\s*=\s*'(.*)'", text, re.MULTILINE)
    return found[1] if found else ""


def fixed_in(text: str) -> frozenset[str]:
    """The parameters that a file sets by itself, whatever the environment says.

    >>> sorted(fixed_in("param a = 1\\nparam b = readEnvironmentVariable('B', '')\\n"))
    ['a']
    """
    told = re.findall(r"^param\s+(\w+)\s*=(.*)$", text, re.MULTILINE)
    return frozenset(name for name, value in told if LEFT_OPEN not in value)
