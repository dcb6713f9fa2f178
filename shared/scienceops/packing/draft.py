"""Draft: a package in the making, proved by the code that will serve it, then written."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from scienceops.core.captures import Task, prediction_text
from scienceops.core.manifest import MANIFEST, Manifest, ModelEntry, RuntimeEntry
from scienceops.core.names import PREDICTION
from scienceops.core.package import (
    BASELINE,
    COMPILED,
    SCHEMA,
)
from scienceops.core.sample import SAMPLE, Sample
from scienceops.core.schema import Schema
from scienceops.packing.environment import python_version
from scienceops.packing.rows import frame_to_rows, json_values
from scienceops.packing.write_package import to_json, with_files, write_package
from scienceops.running import Runner, Scored, load_runner
from scienceops.running.plain import to_plain

#: The statistics of the training data once more, for pages that cannot read Parquet.
BASELINE_SHOWN = "baseline.json"


@dataclass(frozen=True)
class Draft:
    """What a package will hold. `task` and `classes` stay open until the model has answered."""

    name: str
    schema: Schema
    model: ModelEntry
    files: Mapping[str, bytes]
    task: Task | None = None
    classes: tuple[str, ...] = ()
    runtime: RuntimeEntry = field(default_factory=RuntimeEntry)
    python: str = field(default_factory=python_version)
    target: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    origin: Mapping[str, str] = field(default_factory=dict)
    created_at: str | None = None

    @contextmanager
    def running(self) -> Iterator[Runner]:
        """The draft's model, loaded from files by the code that the scorer uses."""
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            files = {**self.files, SCHEMA: to_json(self.schema.to_json_schema())}
            for name, data in {**files, MANIFEST: with_files(self._manifest(), files)}.items():
                (folder / name).write_bytes(data)
            yield load_runner(folder)

    def answered(self, rows: Sequence[Mapping[str, Any]], scored: Scored) -> "Draft":
        """The draft with the sample and its answers, and the task that they show."""
        task = self.task or _task_shown(scored)
        classes = self.classes
        if not classes and scored.probabilities:
            classes = tuple(scored.probabilities[0])
        sample = Sample(rows, scored.predictions, scored.probabilities)
        told = replace(self, task=task, classes=classes if task == "classification" else ())
        return replace(told, files={**self.files, SAMPLE: to_json(sample.to_document())})

    def with_runtime(self, runtime: RuntimeEntry, compiled: bytes | None) -> "Draft":
        """The draft with what a scorer shall run; compiled: the file of a compiled model."""
        more = {} if compiled is None else {COMPILED: compiled}
        return replace(self, runtime=runtime, files={**self.files, **more})

    def with_training(self, training: pd.DataFrame, runner: Runner) -> "Draft":
        """The draft with the baseline of training rows, scored in the form that a service gets."""
        features = training[[column.name for column in self.schema.columns]]
        rows = self.schema.check_rows(frame_to_rows(features, self.schema))
        return self.with_baseline(features, runner.predict(rows))

    def with_baseline(self, features: pd.DataFrame, scored: Scored) -> "Draft":
        """The draft with the statistics of the training rows and of the predictions for them."""
        # numpy statistics are needed here only, and only when there is training data.
        from scienceops.core.stats.baseline import build_baseline
        from scienceops.core.stats.catalogue import describe_baseline
        from scienceops.core.stats.partials import Kind

        columns: dict[str, Any] = {}
        kinds: dict[str, Kind] = {}
        for column in self.schema.columns:
            values = features[column.name]
            plain = column.kind == "number"
            columns[column.name] = (
                values.to_numpy(dtype=float, na_value=float("nan"))
                if plain
                else json_values(values, column)
            )
            kinds[column.name] = column.kind
        # Text in place of predictions says nothing about single rows.
        if scored.reply is None:
            numbers = self.task == "regression"
            columns[PREDICTION] = [
                value if numbers or value is None else prediction_text(value)
                for value in scored.predictions
            ]
            kinds[PREDICTION] = "number" if numbers else "category"
        baseline = build_baseline(columns, kinds)
        # A statistic that a column does not have is NaN there and null in JSON.
        shown = to_json(to_plain(describe_baseline(baseline)))
        more = {BASELINE: baseline.to_parquet(), BASELINE_SHOWN: shown}
        return replace(self, files={**self.files, **more})

    def write(self, path: Path | None) -> Path:
        """Write the package; see `write_package`."""
        schema = to_json(self.schema.to_json_schema())
        return write_package(self._manifest(), {**self.files, SCHEMA: schema}, path)

    def _manifest(self) -> Manifest:
        return Manifest(
            name=self.name,
            task=self.task or "custom",
            classes=self.classes,
            model=self.model,
            runtime=self.runtime,
            python=self.python,
            created_at=self.created_at,
            metrics=dict(self.metrics),
            tags=dict(self.tags),
            origin=dict(self.origin),
            target=self.target,
            files={},
        )


def _task_shown(scored: Scored) -> Task:
    if scored.reply is not None:
        return "custom"
    if scored.probabilities is not None:
        return "classification"
    if all(isinstance(value, float) for value in scored.predictions):
        return "regression"
    if any(value is None or isinstance(value, list | dict) for value in scored.predictions):
        return "custom"
    return "classification"
