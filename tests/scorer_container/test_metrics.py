"""Metrics: a row is counted as unusual alone as it is among others."""

import numpy as np
import pytest

from scienceops.core.schema import Column, Schema
from scienceops.core.table import Table
from scorer_container.metrics import Metrics

SCHEMA = Schema(
    (
        Column("n", "number", nullable=True, minimum=0.0, maximum=1.0),
        Column("low", "integer", nullable=True, minimum=0),
        Column("high", "number", nullable=True, maximum=1.0),
        Column("kind", "string", nullable=True, categories=("a", "b")),
        Column("flag", "boolean", nullable=True, categories=("True",)),
        Column("free", "string"),
    )
)
USUAL = [0.5, 1, -9.0, "a", True, "x"]
ROWS = [
    USUAL,
    [0.0, 0, 1.0, "b", True, "x"],
    [None, None, None, None, None, "x"],
    [-0.1, -1, 1.1, "c", False, "x"],
    [1.1, 2**60, -1e308, "A", True, "x"],
]
COUNTS = {
    ("n", "out_of_range"): 2,
    ("low", "out_of_range"): 1,
    ("high", "out_of_range"): 1,
    ("kind", "new_category"): 2,
    ("flag", "new_category"): 1,
}


@pytest.mark.parametrize("at_once", [1, 2, len(ROWS)])
def test_what_training_had_not_is_counted_whatever_comes_at_once(at_once):
    metrics = Metrics("iris", 1, "w", SCHEMA)
    for start in range(0, len(ROWS), at_once):
        part = ROWS[start : start + at_once]
        metrics.scored(Table(list(zip(*part, strict=True)), len(part)), captured=True)
    assert counts_of(metrics) == COUNTS
    assert f"scienceops_rows_total{{{metrics._labels}}} {len(ROWS)}" in metrics.text(0)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(("value", "found"), [(0.5, {}), (2.0, {("n", "out_of_range"): 1})])
def test_arrays_are_looked_at_as_lists_are(count, value, found):
    metrics = Metrics("iris", 1, "w", Schema(SCHEMA.columns[:1]))
    metrics.scored(Table([np.array([value, *[0.5] * (count - 1)])], count), captured=False)
    assert counts_of(metrics) == found


def counts_of(metrics):
    prefix = "scienceops_unusual_values_total{"
    told = [line for line in metrics.text(0).splitlines() if line.startswith(prefix)]
    found = {}
    for line in told:
        labels, _, count = line.removeprefix(prefix).rpartition("} ")
        facts = dict(pair.split("=") for pair in labels.split(","))
        found[facts["column"].strip('"'), facts["what"].strip('"')] = int(count)
    return found
