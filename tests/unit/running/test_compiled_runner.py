"""Compiled runner: what it knows of its answers before it gives any."""

import math

import numpy as np
import pytest

from scienceops.compiled import Program
from scienceops.compiled.answers import Classes, Value
from scienceops.compiled.columns import Chain, Linear, Numbers
from scienceops.core.schema import Column, Schema
from scienceops.core.table import Table
from scienceops.running.compiled_runner import CompiledRunner

SCHEMA = Schema((Column("a", "number"),))
SCORES = Chain([Numbers(), Linear(np.array([[2.0]]), np.array([0.5]))])


@pytest.mark.parametrize(
    ("classes", "known"),
    [
        (["a", "b"], True),
        ([0, 1], True),
        ([0.5, 1.5], True),
        ([0.5, math.inf], False),
        (None, False),
    ],
)
def test_labels_are_looked_at_once_and_numbers_of_a_regression_never(classes, known):
    root = Value(SCORES) if classes is None else Classes(SCORES, "sigmoid")
    scored = CompiledRunner(Program(root, classes, 1), SCHEMA).predict_table(
        Table([[-1.0, 1.0, 2.0]], 3)
    )
    assert scored.predictions == ([classes[0], *[classes[1]] * 2] if classes else [-1.5, 2.5, 4.5])
    assert scored.are_finite is scored.part(1, 3).are_finite is known
