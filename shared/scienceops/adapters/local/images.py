"""Images on one machine: an environment, told by `python:PATH` or `environment:HASH`."""

import os
import sys
from pathlib import Path

from scienceops.errors import BadInput

RUNNING = f"python:{sys.executable}"


def environment_folder(identity: str, home: Path) -> Path:
    """Where the environment of this hash lies."""
    return home / "environments" / identity


def interpreter_of(image: str, home: Path) -> str:
    """The Python that an image names; raises BadInput for another kind of image."""
    kind, _, rest = image.partition(":")
    if kind == "python":
        return rest
    if kind == "environment":
        return str(environment_folder(rest, home) / "bin" / "python")
    raise BadInput(f"{image!r} is no image of this machine: wanted python:PATH or environment:HASH")


def source_path() -> str:
    """PYTHONPATH under which an isolated environment finds this very ScienceOps."""
    import scienceops
    import scorer_container

    places = [Path(m.__file__ or "").resolve().parents[1] for m in (scienceops, scorer_container)]
    inherited = os.environ.get("PYTHONPATH", "")
    return os.pathsep.join(
        [*dict.fromkeys(str(place) for place in places), *([inherited] if inherited else [])]
    )
