"""Packages from elsewhere: an MLflow model directory or an ONNX file, told by what the path is."""

from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from scienceops.core.manifest import RuntimeChoice
from scienceops.errors import BadInput
from scienceops.packing.classic import PackedClassic
from scienceops.packing.environment import read_requirements
from scienceops.packing.mlflow_model import is_mlflow, open_mlflow
from scienceops.packing.model_formats import load_model_file
from scienceops.packing.onnx_model import pack_onnx
from scienceops.packing.pack import pack

ONNX = ".onnx"
#: What saved and served the model there, and does neither here.
_REPLACED = frozenset({"mlflow", "mlflow-skinny", "cloudpickle", "skops"})


def is_from_elsewhere(path: Path) -> bool:
    """Whether `pack_elsewhere` knows what it is."""
    return path.suffix.lower() == ONNX or is_mlflow(path)


def pack_elsewhere(
    path: Path,
    sample: Any = None,
    *,
    name: str,
    out: Path | None = None,
    schema_file: Path | None = None,
    allow_pickle: bool = False,
    score: Any = None,
    train: Any = None,
    runtime: RuntimeChoice = "auto",
    origin: Mapping[str, str] | None = None,
    **more: Any,
) -> PackedClassic:
    """The package of what is_from_elsewhere; `more` is what `pack` and `pack_onnx` both take.

    A model of MLflow is loaded once, with consent if it is a pickle, and packed in our own format,
    so that serving it needs nothing of MLflow. schema_file: of an ONNX model alone; a model of
    MLflow has its signature. Raises what `pack` and `pack_onnx` raise, BadInput for anything else.
    """
    if path.suffix.lower() == ONNX:
        if score or train or allow_pickle or runtime != "auto":
            raise BadInput(
                f"{path.name} runs as it is: pack it without score, train, allow_pickle and "
                "runtime, or write a score.py that loads it and pack both with pack_classic()"
            )
        return pack_onnx(name, path, schema_file, out, sample=sample, **more)
    if not is_mlflow(path):
        raise BadInput(
            f"{path} is no MLflow model directory, no zip of one and no .onnx file: load it, or "
            "pack it as it is with pack_classic()"
        )
    if schema_file is not None:
        raise BadInput("the columns of an MLflow model are those of its signature: give no schema")
    with open_mlflow(path) as found:
        given = (sample, found.example, more.get("training_data"))
        rows = next((table for table in given if table is not None), None)
        if rows is None:
            raise BadInput(
                f"{path} holds no input example that is a table, and a package proves itself on a "
                "few rows: give a sample"
            )
        model = _load(found.file, allow_pickle=allow_pickle)
    own = read_requirements(more.pop("requirements", None))
    lines, notes = _as_installed(found.requirements, own)
    here = metadata.version("scikit-learn")
    if found.trained_with not in ("", here):
        notes.append(
            f"trained with scikit-learn {found.trained_with}, loaded and proved here with {here}"
        )
    place = pack(
        model,
        rows,
        name=name,
        path=out,
        allow_pickle=allow_pickle,
        requirements=(*own, *lines),
        origin={**found.origin, **(origin or {})},
        schema=found.schema,
        score=score,
        train=train,
        runtime=runtime,
        **more,
    )
    return PackedClassic(place, tuple(notes))


def _load(file: Path, *, allow_pickle: bool) -> Any:
    try:
        return load_model_file(file, allow_pickle=allow_pickle)
    except BadInput:
        raise
    except Exception as error:
        # A pickle is a program, so anything may come of running it.
        raise BadInput(
            f"{file.name} cannot be loaded here: {type(error).__name__}: {error}; install what its "
            "requirements.txt names"
        ) from error


def _as_installed(lines: Sequence[str], own: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """The requirements in the versions that are installed here, and notes on those that differ.

    The model is loaded, saved anew and proved by the packages of this environment, so that those
    are what it needs.
    """
    given = {canonicalize_name(Requirement(line).name) for line in own}
    kept, notes = [], []
    for line in lines:
        wanted = Requirement(line)
        name = canonicalize_name(wanted.name)
        if name in given or name in _REPLACED:
            continue
        try:
            here = metadata.version(name)
        except metadata.PackageNotFoundError:
            kept.append(line)
            continue
        kept.append(f"{name}=={Version(here).public}")
        if not wanted.specifier.contains(here, prereleases=True):
            notes.append(f"its requirements name {line}; packed and proved with {name} {here}")
    return tuple(kept), notes
