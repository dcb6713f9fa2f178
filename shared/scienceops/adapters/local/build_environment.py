"""Build one isolated Python environment: `python -m ... PYTHON TARGET REQUIREMENTS`.

By uv when it is there, else by venv and pip. The last line of the output says what failed.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from scienceops.adapters.local.files import write_whole
from scienceops.adapters.local.installer_error import installer_error

FAILED = "failed: "
#: Names this file once every requirement is installed; without it the folder is half built.
COMPLETE = "scienceops-complete"

_RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"


def main(python: str, target: Path, requirements: Path) -> int:
    """Build `target`, unless another build did while this one waited for it."""
    with target.with_name(f"{target.name}.lock").open("wb") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if (target / COMPLETE).exists():
            _say(f"{target.name} was built by another build")
            return 0
        # What a builder that died has left behind.
        shutil.rmtree(target, ignore_errors=True)
        for step, command in steps(python, target, requirements):
            _say(f"{step}: {' '.join(command)}")
            try:
                code, said = _run(command)
            except OSError as error:
                _say(f"{FAILED}{step}: {error}")
                return 1
            if code != 0:
                ended = f"{Path(command[0]).name} ended with exit code {code}"
                _say(f"{FAILED}{step}: {installer_error(said) or ended}")
                return 1
        # Installers sync nothing: a machine that loses its power would keep the word that all is
        # there, and not all of it.
        os.sync()
        write_whole(target / COMPLETE, requirements.read_bytes())
    return 0


def steps(python: str, target: Path, requirements: Path) -> list[tuple[str, Sequence[str]]]:
    """What to run, each with its name."""
    inside = str(target / "bin" / "python")
    make, install = f"find Python {python} for an environment", "install the requirements"
    uv = _find_uv()
    if not uv:
        chosen = sys.executable if python == _RUNNING else f"python{python}"
        pip = [inside, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        return [
            (make, [chosen, "-m", "venv", str(target)]),
            (install, [*pip, "--requirement", str(requirements)]),
        ]
    chosen = sys.executable if python == _RUNNING else python
    # Which Pythons this machine has is for its owner to decide, so none is downloaded.
    venv = [uv, "venv", "--quiet", "--no-project", "--no-python-downloads", "--python", chosen]
    # Compiled now, since a scorer's start is waited for and a build is not.
    pip = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", inside]
    return [
        (make, [*venv, str(target)]),
        (install, [*pip, "--requirements", str(requirements)]),
    ]


def _run(command: Sequence[str]) -> tuple[int, list[str]]:
    """Run a step: its exit code and the lines that it said, which are passed on as they come."""
    said = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        try:
            for line in process.stdout or ():
                said.append(line.rstrip())
                _say(said[-1])
        except BaseException:
            # Whoever is told to end waits for no installer, and leaves none behind.
            process.kill()
            raise
    return process.returncode, said


def _find_uv() -> str:
    if find_spec("uv") is None:
        return shutil.which("uv") or ""
    from uv import find_uv_bin

    return find_uv_bin()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
