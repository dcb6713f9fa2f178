"""Softmax: the same bits for a row alone and among many, with few classes and with more."""

import numpy as np
import pytest

from scienceops.compiled.answers import softmax
from scienceops.compiled.columns import Linear

RANDOM = np.random.default_rng(0)
ODD = [float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 1e308, -1e308]


def as_it_is_defined(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("classes", range(2, 12))
@pytest.mark.parametrize("count", [1, 2, 3, 64, 1000])
def test_shares_are_those_of_the_definition_to_the_last_bit(count, classes):
    for scale in (1e-9, 1.0, 30.0, 500.0):
        scores = RANDOM.normal(size=(count, classes)) * scale
        scores[0, :2] = scores[0, 0]
        assert softmax(scores).tolist() == as_it_is_defined(scores).tolist()


@pytest.mark.parametrize("classes", [2, 3, 9])
@pytest.mark.parametrize("count", [1, 5])
def test_what_is_not_finite_gives_what_the_definition_gives(count, classes):
    for _ in range(200):
        scores = RANDOM.choice(ODD, size=(count, classes))
        with np.errstate(all="ignore"):
            assert np.array_equal(softmax(scores), as_it_is_defined(scores), equal_nan=True)


def test_scores_are_left_as_they_are():
    for count in (1, 3):
        scores = RANDOM.normal(size=(count, 3))
        before = scores.copy()
        softmax(scores)
        assert np.array_equal(scores, before)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("count", [1, 4])
def test_a_linear_step_adds_its_intercept_to_each_row(count, outputs):
    coefficients, intercept = RANDOM.normal(size=(outputs, 5)), RANDOM.normal(size=outputs)
    given = RANDOM.normal(size=(count, 5))
    found = Linear(coefficients, intercept)(given)
    # To the bit as of each row alone.
    assert found.tolist() == [(row @ coefficients.T + intercept).tolist() for row in given]
