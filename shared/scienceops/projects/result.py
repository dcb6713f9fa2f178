"""Result: what `scienceops train` leaves in build/, and what `scienceops pack` finds there."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from scienceops.errors import BadInput
from scienceops.packing.environment import python_version
from scienceops.projects.project import Project

BUILD = "build"
RESULT = "result.json"
TRAINING_DATA = "training_data.parquet"

_AGAIN = "run `scienceops train`"


@dataclass(frozen=True)
class Result:
    """How a training ended. versions: of the packages that the model and train.py use."""

    model: str
    target: str | None
    format: str
    rows: int
    seconds: float
    metrics: Mapping[str, float]
    python: str
    versions: Mapping[str, str]
    train_sha256: str


def sha256_of(path: Path) -> str:
    """sha256 of the file's bytes, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_result(folder: Path, result: Result) -> None:
    """Write result.json into the build folder: the last file of a training, so that it is whole."""
    text = json.dumps(asdict(result), indent=1, allow_nan=False) + "\n"
    (folder / RESULT).write_text(text, encoding="utf-8")


def read_result(project: Project) -> Result:
    """The result in the project's build/; raises BadInput when there is none that still holds."""
    folder = project.folder / BUILD
    try:
        result = Result(**json.loads((folder / RESULT).read_bytes()))
    except FileNotFoundError:
        raise BadInput(f"{project.folder.resolve()} has no training result: {_AGAIN}") from None
    except (ValueError, TypeError) as error:
        raise BadInput(f"{folder / RESULT} cannot be read ({error}): {_AGAIN}") from None
    for name in (result.model, TRAINING_DATA):
        if not (folder / name).is_file():
            raise BadInput(f"{folder / name} is not there: {_AGAIN}")
    _check_unchanged(project, result)
    return result


def _check_unchanged(project: Project, result: Result) -> None:
    settings = project.settings
    for key, then, now in (
        ("target", result.target, settings.target),
        ("format", result.format, settings.format),
    ):
        if then != now:
            raise BadInput(f"{key} was {then!r} when the model was trained, now {now!r}: {_AGAIN}")
    if not project.train.is_file():
        raise BadInput(f"{project.train} is not there, and the package carries it: put it back")
    if sha256_of(project.train) != result.train_sha256:
        raise BadInput(f"train.py has changed since the model was trained: {_AGAIN}")
    if result.python != python_version():
        raise BadInput(
            f"the model was trained with Python {result.python}, this is {python_version()}: "
            f"{_AGAIN}"
        )
