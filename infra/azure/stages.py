"""The stages that there are: each is a parameter file beside the templates."""

import re
from pathlib import Path

BICEP = Path(__file__).resolve().parents[1] / "bicep"
ENDING = ".bicepparam"
#: A file that reads a value from the environment leaves it to the deployment.
LEFT_OPEN = "readEnvironmentVariable("


def parameters_of(stage: str) -> Path:
    """The stage's parameter file; raises SystemExit with the stages that there are."""
    path = BICEP / f"{stage}{ENDING}"
    if not path.exists():
        known = ", ".join(sorted(file.stem for file in BICEP.glob(f"*{ENDING}")))
        raise SystemExit(
            f"STAGE={stage}: there is no {path}, and the stages are {known}. "
            f"For a new one copy dev{ENDING} to it, and set `stage` in it"
        )
    return path


def fixed_in(text: str) -> frozenset[str]:
    """The parameters that a file sets by itself, whatever the environment says.

    >>> sorted(fixed_in("param a = 1\\nparam b = readEnvironmentVariable('B', '')\\n"))
    ['a']
    """
    told = re.findall(r"^param\s+(\w+)\s*=(.*)$", text, re.MULTILINE)
    return frozenset(name for name, value in told if LEFT_OPEN not in value)
