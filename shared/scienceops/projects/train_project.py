"""Train a project: load() and train(data) of its train.py, kept in build/ for `scienceops pack`."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from scienceops.errors import BadInput, BadSchema, PickleNotAllowed
from scienceops.packing.environment import (
    modules_of_model,
    modules_of_script,
    pin_requirements,
    python_version,
    read_requirements,
)
from scienceops.packing.extras import check_metrics, from_parquet, to_parquet
from scienceops.packing.infer_schema import as_frame
from scienceops.packing.model_formats import SavedModel, save_model
from scienceops.projects.project import SETTINGS, Project
from scienceops.projects.result import BUILD, RESULT, TRAINING_DATA, Result, sha256_of, write_result
from scienceops.projects.train_script import MODULE, TrainScript
from scienceops.running.object_graph import reachable

Say = Callable[[str], None]


def train_project(project: Project, say: Say) -> Result:
    """Train the project's model, keep it in build/, and return how it went.

    say: told one line of progress at a time. Raises ModelFailed with the lines of train.py that
    failed, and BadInput, BadPackage or PickleNotAllowed when the result could not be packed.
    """
    # What pack would refuse is refused before the training takes its time.
    _ = project.score, read_requirements(project.requirements)
    script = TrainScript(project.train)
    if not script.is_weighted:
        say("note: train(data) takes no sample_weight, so that a retraining cannot weigh rows")
    folder = project.folder / BUILD
    began = time.monotonic()
    say("load()")
    data = _keep_rows(script.load(), project.settings.target, folder)
    say(f"  {len(data)} rows, {len(data.columns)} columns, {time.monotonic() - began:.1f} s")
    middle = time.monotonic()
    say("train(data)")
    model, metrics = model_and_metrics(script.train(data))
    say(f"  {type(model).__name__}, {time.monotonic() - middle:.1f} s")
    for name, value in metrics.items():
        say(f"  {name} {value:.4g}")
    saved = _save(model, project)
    file = str(saved.entry.file)
    (folder / file).write_bytes(saved.data)
    if saved.entry.format != project.settings.format:
        say(f"note: kept as {file}, for skops will do, and a pickle runs what it holds")
    modules = modules_of_model(model) | {str(saved.entry.format)}
    modules |= modules_of_script(project.train.read_bytes(), project.train.name)
    result = Result(
        model=file,
        target=project.settings.target,
        format=project.settings.format,
        rows=len(data),
        seconds=round(time.monotonic() - began, 3),
        metrics=metrics,
        python=python_version(),
        versions=dict(line.split("==") for line in pin_requirements(modules)),
        train_sha256=sha256_of(project.train),
    )
    write_result(folder, result)
    return result


def requirements_of(project: Project) -> tuple[str, ...]:
    """What a project's training needs before there is a model: its own lines, and pins as here."""
    modules = modules_of_script(project.train.read_bytes(), project.train.name)
    return pin_requirements(
        modules | {project.settings.format}, read_requirements(project.requirements)
    )


def model_and_metrics(returned: Any) -> tuple[Any, dict[str, float]]:
    """What train(data) returned, as the model and its metrics; raises BadInput for anything else.

    >>> model_and_metrics(None)
    Traceback (most recent call last):
    scienceops.errors.BadInput: train(data) returned NoneType: return the fitted model, or \
(model, {"accuracy": 0.97})
    """
    model, metrics = returned, None
    if isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[1], Mapping):
        model, metrics = returned
    if isinstance(model, type) or not callable(getattr(model, "predict", None)):
        raise BadInput(
            f"train(data) returned {_kind(returned)}: return the fitted model, "
            'or (model, {"accuracy": 0.97})'
        )
    return model, check_metrics(metrics)


def _kind(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(type(item).__name__ for item in value)})"
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def _keep_rows(loaded: Any, target: str | None, folder: Path) -> pd.DataFrame:
    """The rows, written to build/ and read again: train() sees the very rows a retraining will."""
    try:
        frame = as_frame(loaded)
    except BadSchema as error:
        raise BadInput(f"load() of train.py: {error}") from None
    if target is not None and target not in frame.columns:
        raise BadInput(
            f"load() gave no column {target!r}, which {SETTINGS} names as the target; "
            f"it gave {', '.join(map(str, frame.columns[:20]))}"
        )
    try:
        data = to_parquet(frame)
    except (ValueError, TypeError, NotImplementedError) as error:
        raise BadInput(
            f"the rows of load() cannot be kept as Parquet: {error}; give every column one type"
        ) from None
    folder.mkdir(exist_ok=True)
    # Whatever happens from here on, what is kept is never half of one training and half of another.
    for old in (RESULT, TRAINING_DATA, "model.skops", "model.joblib"):
        (folder / old).unlink(missing_ok=True)
    (folder / TRAINING_DATA).write_bytes(data)
    return from_parquet(data)


def _save(model: Any, project: Project) -> SavedModel:
    for item in reachable(model):
        definition = item if hasattr(item, "__qualname__") else type(item)
        if str(getattr(definition, "__module__", "")).startswith(MODULE):
            raise BadInput(
                f"the model uses {definition.__qualname__}, which train.py defines, so the service "
                "could not import it; move it to a module that a requirement installs, or do "
                "that step in score.py"
            )
    try:
        return save_model(model, form="frame", allow_pickle=project.settings.format == "joblib")
    except PickleNotAllowed as error:
        reason = str(error).partition("; pack it with")[0]
        raise PickleNotAllowed(
            f'{reason}; if a pickle will do, write format = "joblib" in {SETTINGS}'
        ) from None
