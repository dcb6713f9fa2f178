"""Runner: scores rows with a package's model, by its score.py or by the default way."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from scienceops.core.schema import Schema
from scienceops.core.table import Table
from scienceops.running.shares import Shares


# Not frozen, as Shares are not.
@dataclass
class Scored:
    """What a model said: one prediction per row, as JSON values.

    shares: a matrix, or for each row class label as text -> share, where the classes may differ
    from row to row; None when the model gives none.
    reply: the text that run() returned in place of predictions, to be served as it stands; each
    row's prediction is then this text.
    are_finite: that no prediction is NaN or infinite is known without looking at them.
    """

    predictions: list[Any]
    shares: Shares | list[dict[str, float]] | None = None
    reply: str | None = None
    are_finite: bool = False

    @cached_property
    def probabilities(self) -> list[dict[str, float]] | None:
        """What `by_row` makes, made once."""
        return self.by_row()

    def by_row(self) -> list[dict[str, float]] | None:
        """For each row, class label as text -> share; None when the model gives none."""
        return self.shares.by_row() if isinstance(self.shares, Shares) else self.shares

    def as_matrix(self) -> Shares | None:
        """Those of rows that all have the classes of the first one; None as above."""
        return Shares.of(self.shares) if isinstance(self.shares, list) else self.shares

    def by_class(self) -> Mapping[str, Sequence[float | None]] | None:
        """Class label -> share of every row, None in rows without it; None as above."""
        if self.shares is None:
            return None
        if isinstance(self.shares, Shares):
            return self.shares.by_class()
        labels = dict.fromkeys(label for row in self.shares for label in row)
        return {label: [row.get(label) for row in self.shares] for label in labels}

    def part(self, start: int, end: int) -> "Scored":
        """What was said of the rows start to end."""
        shares = self.shares
        part = (
            shares.part(start, end) if isinstance(shares, Shares) else shares and shares[start:end]
        )
        return Scored(self.predictions[start:end], part, self.reply, self.are_finite)


class Runner(ABC):
    """A loaded model. It may be asked from several threads at once."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> Scored:
        """Score rows as `Schema.check_rows` returned them; raises ModelFailed."""
        return self.predict_table(Table.from_rows(rows, self.schema))

    @abstractmethod
    def predict_table(self, table: Table) -> Scored:
        """Score the rows of a table; raises ModelFailed."""


def load_runner(folder: Path) -> Runner:
    """The runner of the package unpacked in `folder`: compiled, ONNX, its score.py, or the model.

    Raises BadPackage for a package that cannot be loaded, ModelFailed when its code raises.
    """
    from scienceops.running.load import load_model, read_manifest

    schema = Schema.from_json_schema(json.loads((folder / "schema.json").read_bytes()))
    manifest = read_manifest(folder)
    if manifest.runtime.kind == "compiled":
        from scienceops.running.compiled_runner import load_compiled

        return load_compiled(folder, schema)
    if manifest.runtime.kind == "onnx":
        from scienceops.running.onnx_runner import OnnxRunner

        return OnnxRunner(folder / str(manifest.model.file), schema, manifest.classes)
    # pandas and scikit-learn load only for a model that needs them.
    from scienceops.running.estimator_runner import EstimatorRunner
    from scienceops.running.fit_for_serving import fit_for_serving
    from scienceops.running.script_runner import SCRIPT, ScriptRunner

    if (folder / SCRIPT).is_file():
        return ScriptRunner(folder, schema, manifest.model.file)
    model = load_model(folder)
    fit_for_serving(model, manifest.model.input)
    return EstimatorRunner(model, schema, manifest.model.input)
