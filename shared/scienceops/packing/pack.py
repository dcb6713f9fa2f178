"""Pack: one call from a notebook makes a package that is proved wherever it is served."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from scienceops import __version__
from scienceops.core.captures import Task
from scienceops.core.manifest import ModelInput, RuntimeChoice
from scienceops.core.names import check_service_name
from scienceops.core.package import SCORE, TRAIN, TRAINING_DATA
from scienceops.core.schema import Schema
from scienceops.errors import BadInput
from scienceops.packing.choose_input import check_same_answers, choose_input, is_array
from scienceops.packing.choose_runtime import choose_runtime
from scienceops.packing.draft import Draft
from scienceops.packing.environment import (
    modules_of_model,
    modules_of_script,
    pin_requirements,
    read_requirements,
)
from scienceops.packing.extras import (
    check_columns,
    check_metrics,
    check_tags,
    read_script,
    text_files,
    to_parquet,
)
from scienceops.packing.infer_schema import as_frame, infer_schema
from scienceops.packing.lighten import lighten
from scienceops.packing.model_formats import save_model
from scienceops.packing.other_versions import warn_of_other_versions
from scienceops.packing.rows import choose_rows, frame_to_rows
from scienceops.packing.service_schema import described_by
from scienceops.running import Runner, Scored
from scienceops.running.estimator_runner import EstimatorRunner
from scienceops.running.frame import as_input


def pack(
    model: Any,
    sample: Any = None,
    *,
    name: str,
    training_data: Any = None,
    target: str | None = None,
    metrics: Mapping[str, float] | None = None,
    tags: Mapping[str, str] | None = None,
    score: str | Path | None = None,
    train: str | Path | Callable[..., Any] | None = None,
    requirements: Sequence[str] | str | Path | None = None,
    path: str | Path | None = None,
    task: Task | None = None,
    allow_pickle: bool = False,
    policy: Mapping[str, Any] | str | Path | None = None,
    created_at: str | None = None,
    origin: Mapping[str, str] | None = None,
    runtime: RuntimeChoice = "auto",
    schema: Schema | None = None,
) -> Path:
    """Write the package of a trained model and return its path; prints nothing.

    model: a fitted estimator with predict(); or the path of an MLflow model directory, of a zip of
    one, or of an ONNX file (see `pack_elsewhere`), whose own example is the sample if it has one.
    sample: rows as the model takes them (DataFrame, list of dicts, array, texts); up to 100 are
    kept with the answers that the packed model gives, and a new version must give them again.
    name: of the service, as `check_service_name` wants it.
    training_data: the training rows, with the column `target` or without. The schema's types and
    ranges and the baseline that drift is measured against come from it, else from the sample.
    score: a score.py with init() and run(input_df). train: a train.py with train(data) ->
    estimator, or that function; training_data then travels along, for retraining.
    requirements: lines or a file, in addition to the pins of what the model uses; OtherVersion is
    warned of where one excludes what is installed here.
    path: the zip, or the folder it goes into; by default NAME-DIGEST.zip in the working folder.
    task: what the model does, when it cannot be told from the model.
    allow_pickle: accept joblib where skops refuses; loading it runs what it holds.
    policy: proposal for the service's policy, or the file that holds it.
    created_at: ISO 8601, when it matters; without it the same inputs give the same bytes.
    origin: where the package comes from, such as the training set of a retraining.
    runtime: `compiled` or `sklearn` for what a scorer runs; by default compiled where it is
    proved to answer alike. What was chosen, and why, is in the manifest.
    schema: the columns, where something states them better than the data can tell.

    Raises BadName, BadInput, BadSchema, PickleNotAllowed, BadPolicy, or ModelFailed when the
    packed model does not answer the sample as the given one does.
    """
    check_service_name(name)
    if isinstance(model, str | Path):
        # It comes back here with what it found.
        from scienceops.packing.elsewhere import pack_elsewhere

        return pack_elsewhere(
            Path(model),
            sample,
            name=name,
            out=None if path is None else Path(path),
            allow_pickle=allow_pickle,
            score=score,
            train=train,
            runtime=runtime,
            origin=origin,
            training_data=training_data,
            target=target,
            metrics=metrics,
            tags=tags,
            requirements=requirements,
            task=task,
            policy=policy,
            created_at=created_at,
        ).path
    if sample is None:
        raise BadInput("a package proves itself on a few rows: give a sample")
    frame = as_frame(sample, getattr(model, "feature_names_in_", None))
    if schema is not None:
        frame = _stated_columns(frame, schema)
    training = None if training_data is None else as_frame(training_data, list(frame.columns))
    # A sample is often the head of the training data, target and all.
    frame = frame.drop(columns=[target], errors="ignore") if target is not None else frame
    features = None if training is None else _features_of(training, frame, target)
    if train is not None and training is None:
        raise BadInput("train needs training_data: retraining starts from those rows")
    found = infer_schema(frame) if features is None else infer_schema(features, also=frame)
    schema = found if schema is None else described_by(schema, found)
    chosen = choose_rows(frame)
    form: ModelInput = "frame"
    asked: Scored | None = None
    if score is None:
        form, asked = choose_input(model, chosen, schema, came_as_array=is_array(sample))
    saved = save_model(model, form=form, allow_pickle=allow_pickle)
    files = {str(saved.entry.file): saved.data}
    modules = modules_of_model(model) | {saved.entry.format}
    for script, function, file in ((score, "run", SCORE), (train, "train", TRAIN)):
        if script is not None:
            files[file] = read_script(script, function, file)
            modules |= modules_of_script(files[file], file)
    own = read_requirements(requirements)
    pins = pin_requirements(modules, own)
    warn_of_other_versions(own)
    files |= text_files(pins, policy)
    if train is not None and training is not None:
        files[TRAINING_DATA] = to_parquet(check_columns(training))
    draft = Draft(
        name=name,
        schema=schema,
        model=saved.entry,
        files=files,
        task=task or (_task_of(model) if score is None else None),
        classes=_classes_of(model) if score is None else (),
        target=target,
        metrics=check_metrics(metrics),
        tags=check_tags(tags),
        origin={"packed_with": f"scienceops {__version__}", **(origin or {})},
        created_at=created_at,
    )
    with draft.running() as runner:
        rows = schema.check_rows(frame_to_rows(chosen, schema))
        scored = runner.predict(rows)
        if asked is not None:
            check_same_answers(asked, scored)
        draft = draft.answered(rows, scored)
        proved_on = frame if features is None else features
        draft = draft.with_runtime(*choose_runtime(runtime, model, runner, proved_on))
        draft = lighten(draft, runner, proved_on)
        if features is not None:
            draft = draft.with_baseline(features, _score_all(runner, draft, features))
    return draft.write(None if path is None else Path(path))


def _stated_columns(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    names = [column.name for column in schema.columns]
    lacking = [name for name in names if name not in frame.columns]
    if lacking:
        raise BadInput(f"the sample has no column {lacking[0]!r}, which the schema names")
    return frame[names]


def _features_of(training: pd.DataFrame, sample: pd.DataFrame, target: str | None) -> pd.DataFrame:
    """The columns of the sample, out of the training data; raises BadInput when some lack."""
    lacking = [name for name in sample.columns if name not in training.columns]
    if target is not None and target not in training.columns:
        lacking.append(target)
    if lacking:
        raise BadInput(
            f"training_data has no column {lacking[0]!r}: give the rows as the model was trained "
            f"on; it has {', '.join(map(str, training.columns[:20]))}"
        )
    return training[list(sample.columns)]


def _score_all(runner: Runner, draft: Draft, features: pd.DataFrame) -> Scored:
    if isinstance(runner, EstimatorRunner):
        # The sample has shown that both ways answer alike, and this one needs no JSON rows.
        given = as_input(features, runner.form)
        return replace(runner.predict_input(given, len(features)), shares=None)
    return runner.predict(frame_to_rows(features, draft.schema))


def _classes_of(model: Any) -> tuple[str, ...]:
    return tuple(str(label) for label in getattr(model, "classes_", ()))


def _task_of(model: Any) -> Task | None:
    """The task by scikit-learn's own word; None leaves it to the answers."""
    from sklearn.base import is_regressor

    if hasattr(model, "classes_"):
        return "classification"
    try:
        return "regression" if is_regressor(model) else "custom"
    except (AttributeError, TypeError):
        # A class outside of scikit-learn need not carry its tags.
        return None
