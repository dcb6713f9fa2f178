"""MLflow models: a model directory, or a zip of one, read without MLflow.

Source of the layout: MLflow's documentation of the MLmodel file and of model signatures; releases
2 and 3 write it alike.
"""

import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from scienceops.core.archive import MOST_RATIO
from scienceops.core.requirement_lines import parse_requirements
from scienceops.core.schema import Column, ColumnType, Schema
from scienceops.errors import BadInput, BadSchema
from scienceops.packing.conda import read_conda
from scienceops.packing.infer_schema import as_frame

MLMODEL = "MLmodel"
LOADER = "mlflow.sklearn"
#: A zip that unpacks to more may not do so to more than MOST_RATIO times its size.
FREE_BYTES = 64 * 1024**2

_TYPES: Mapping[str, ColumnType] = {
    "boolean": "boolean",
    "integer": "integer",
    "long": "integer",
    "float": "number",
    "double": "number",
    "string": "string",
    "datetime": "datetime",
}


@dataclass(frozen=True)
class MlflowModel:
    """What a model directory holds. `file` is there while the directory is open.

    schema: of a signature with columns; a signature of one tensor names none. example: a frame, or
    an array where MLflow was given one.
    """

    file: Path
    schema: Schema | None
    example: Any
    requirements: tuple[str, ...]
    origin: Mapping[str, str]
    trained_with: str


def is_mlflow(path: Path) -> bool:
    """Whether it is an MLflow model directory, or a zip with one in it."""
    if path.is_dir():
        return (path / MLMODEL).is_file()
    return zipfile.is_zipfile(path) and _place_in(path) is not None


@contextmanager
def open_mlflow(path: Path) -> Iterator[MlflowModel]:
    """The model in a directory or zip; raises BadInput or BadSchema for what cannot be served."""
    if path.is_dir():
        yield _read(path)
        return
    place = _place_in(path)
    if place is None:
        raise BadInput(f"{path} has no {MLMODEL}: zip an MLflow model directory")
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(path) as archive:
            size, most = sum(e.file_size for e in archive.infolist()), path.stat().st_size
            if size > max(FREE_BYTES, MOST_RATIO * most):
                raise BadInput(
                    f"{path}: {most} bytes that become {size} look like a zip bomb: unpack it "
                    "yourself, and give the directory"
                )
            # It leaves out what would lead outside of the folder, and makes no links.
            archive.extractall(folder)
        yield _read(Path(folder) / place)


def _place_in(path: Path) -> PurePosixPath | None:
    """Where in a zip the directory is: at its top, or one folder down."""
    with zipfile.ZipFile(path) as archive:
        names = [PurePosixPath(name) for name in archive.namelist()]
    found = [name.parent for name in names if name.name == MLMODEL and len(name.parts) <= 2]
    return found[0] if len(found) == 1 else None


def _read(folder: Path) -> MlflowModel:
    import yaml

    file = folder / MLMODEL
    try:
        document = yaml.safe_load(file.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} is no YAML: {error}") from None
    flavors = document.get("flavors") if isinstance(document, dict) else None
    if not isinstance(flavors, dict):
        raise BadInput(f"{file} names no flavors: it is no MLflow model")
    own, function, signature, info = (
        _mapping(holder, key, file)
        for holder, key in (
            (flavors, "sklearn"),
            (flavors, "python_function"),
            (document, "signature"),
            (document, "saved_input_example_info"),
        )
    )
    model, trained_with = _model_file(folder, own, function, list(flavors))
    inputs = _listed(signature.get("inputs"), file)
    origin = {
        "workflow": "mlflow",
        **{
            key: str(document[key])
            for key in ("mlflow_version", "run_id", "model_id", "model_uuid")
            if document.get(key)
        },
    }
    return MlflowModel(
        file=model,
        schema=_schema(inputs, file),
        example=_example(folder, info, inputs),
        requirements=_requirements(folder),
        origin=origin,
        trained_with=trained_with,
    )


def _mapping(holder: Mapping[str, Any], key: str, file: Path) -> Mapping[str, Any]:
    """What it has under a key; empty where it has nothing there."""
    found = holder.get(key) or {}
    if not isinstance(found, dict):
        raise BadInput(f"{file}: {key} is {found!r:.60}, wanted names with values")
    return found


def _is_inside(file: Path, folder: Path) -> bool:
    return file.resolve().is_relative_to(folder.resolve()) and file.is_file()


def _model_file(
    folder: Path, own: Mapping[str, Any], function: Mapping[str, Any], flavors: list[Any]
) -> tuple[Path, str]:
    """The model's file and the scikit-learn that wrote it."""
    loader = function.get("loader_module", "")
    if not own and loader != LOADER:
        raise BadInput(
            f"the model is loaded by {loader or ', '.join(map(str, flavors))}, and only {LOADER} "
            "is read here: export it as ONNX, or write a score.py that loads it"
        )
    if own.get("code") or function.get("code"):
        raise BadInput(
            "the model brings code of its own (code_paths), which no service could import: put it "
            "into a package that a requirement installs, or write a score.py"
        )
    name = str(own.get("pickled_model") or function.get("model_path") or "")
    file = folder / name
    if not name or not _is_inside(file, folder):
        raise BadInput(f"{MLMODEL} names the model file {name!r}, which is not in the directory")
    return file, str(own.get("sklearn_version", ""))


def _listed(text: Any, file: Path) -> list[dict[str, Any]]:
    if not text:
        return []
    try:
        inputs = json.loads(text)
    except (ValueError, TypeError) as error:
        raise BadSchema(f"{file}: the signature's inputs are no JSON: {error}") from None
    if not isinstance(inputs, list) or not all(isinstance(item, dict) for item in inputs):
        raise BadSchema(f"{file}: the signature's inputs are no list of columns")
    return inputs


def _schema(inputs: list[dict[str, Any]], file: Path) -> Schema | None:
    tensors = [item for item in inputs if item.get("type") == "tensor"]
    if not inputs or (len(tensors) == len(inputs) == 1 and not inputs[0].get("name")):
        return None
    columns = []
    for item in inputs:
        kind = _TYPES.get(str(item.get("type")))
        if kind is None or not item.get("name"):
            raise BadSchema(
                f"{file}: input {item.get('name')!r} of the signature is a {item.get('type')}: "
                f"wanted named columns of the types {', '.join(_TYPES)}, or one tensor"
            )
        # Releases before 2.6 wrote `optional`.
        required = item.get("required", not item.get("optional", False))
        columns.append(Column(str(item["name"]), kind, nullable=not required))
    return Schema(tuple(columns))


def _example(folder: Path, info: Mapping[str, Any], inputs: list[dict[str, Any]]) -> Any:
    """The input example; None where there is none in the directory, or none that is a table."""
    name = str(info.get("artifact_path") or "")
    file = folder / name
    if not name.endswith(".json") or not _is_inside(file, folder):
        return None
    try:
        return _table(json.loads(file.read_text()), inputs)
    except (ValueError, TypeError, AttributeError, RecursionError):
        # A sample that is given takes its place.
        return None


def _table(given: Any, inputs: list[dict[str, Any]]) -> Any:
    if isinstance(given, dict):
        given = given.get("dataframe_split", given.get("inputs", given))
    if isinstance(given, dict) and {"columns", "data"} <= set(given):
        named = [dict(zip(given["columns"], row, strict=True)) for row in given["data"]]
        return as_frame(named) if named else None
    if not isinstance(given, list) or not given:
        return None
    if isinstance(given[0], dict):
        return as_frame(given)
    kind = (inputs[0].get("tensor-spec") or {}).get("dtype") if inputs else None
    array = np.array(given, dtype=kind if kind and kind != "str" else None)
    return array if array.ndim in (1, 2) else None


def _requirements(folder: Path) -> tuple[str, ...]:
    if (folder / "requirements.txt").is_file():
        return parse_requirements((folder / "requirements.txt").read_text())
    if (folder / "conda.yaml").is_file():
        return tuple(read_conda(folder / "conda.yaml").requirements)
    return ()
