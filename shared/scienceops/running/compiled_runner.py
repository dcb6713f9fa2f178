"""Compiled runner: a model as arrays and steps, without scikit-learn, pandas or a pickle."""

import json
import math
from pathlib import Path
from typing import Any

from scienceops.compiled import Program, read_program
from scienceops.core.package import COMPILED
from scienceops.core.schema import Schema
from scienceops.core.table import Table
from scienceops.errors import BadPackage, ModelFailed
from scienceops.running.runner import Runner, Scored
from scienceops.running.shares import Shares

#: How far an answer may be from the sample's: other processors round otherwise.
TOLERANCE = 1e-9


class CompiledRunner(Runner):
    """Scores with a program."""

    def __init__(self, program: Program, schema: Schema) -> None:
        super().__init__(schema)
        self._program = program
        classes = program.classes or ()
        self._labels = [str(label) for label in classes]
        self._are_finite = bool(classes) and all(
            math.isfinite(label) for label in classes if isinstance(label, float)
        )

    def predict_table(self, table: Table) -> Scored:
        """Predictions, and probabilities if the model has them; raises ModelFailed."""
        try:
            if table.count == 1:
                row = tuple([column[0] for column in table.columns])
                predictions, shares = self._program.of_row(row)
            else:
                predictions, shares = self._program(table)
        except ModelFailed:
            raise
        except Exception as error:
            # What its steps hold may not fit together, which only rows show.
            raise ModelFailed(f"the model raised {type(error).__name__}: {error}") from error
        if shares is None:
            return Scored(predictions, are_finite=self._are_finite)
        width = len(shares) if isinstance(shares, list) else shares.shape[1]
        if width != len(self._labels):
            raise ModelFailed(f"{width} probabilities for {len(self._labels)} classes")
        return Scored(predictions, Shares(self._labels, shares), None, self._are_finite)


def load_compiled(folder: Path, schema: Schema) -> CompiledRunner:
    """The compiled model of the package unpacked in `folder`, proved on the package's sample.

    Raises BadPackage when it cannot be read or answers the sample otherwise than it should.
    """
    runner = CompiledRunner(read_program(folder / COMPILED), schema)
    sample = json.loads((folder / "sample.json").read_bytes())
    scored = runner.predict(sample["rows"])
    for what, wanted, got in (
        ("prediction", sample["predictions"], scored.predictions),
        ("probabilities", sample["probabilities"], scored.probabilities),
    ):
        for row, (expected, found) in enumerate(zip(wanted or (), got or (), strict=True)):
            if not _alike(expected, found):
                raise BadPackage(
                    f"the compiled model's {what} of the sample's row {row} is {found!r}, not "
                    f"{expected!r}",
                    file=COMPILED,
                    fix="pack again with runtime='sklearn', and report it",
                )
    return runner


def _alike(expected: Any, found: Any) -> bool:
    if isinstance(expected, dict):
        return expected.keys() == found.keys() and all(
            _alike(share, found[label]) for label, share in expected.items()
        )
    if isinstance(expected, float) and isinstance(found, int | float):
        return math.isclose(expected, found, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(expected == found)
