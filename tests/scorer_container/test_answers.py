"""A model's answers: those that cannot be told, or not be captured, are refused before either."""

import math

import pytest

from scienceops.running import Scored
from scorer_container.answers import fault_of


@pytest.mark.parametrize(
    ("task", "predictions"),
    [
        ("regression", [1.5, 2, True, None]),
        ("classification", ["a", 1, None]),
        ("custom", ["a", [1.5], {"a": None}]),
    ],
)
def test_what_the_columns_of_captures_hold_is_fine(task, predictions):
    assert fault_of(Scored(predictions), task) is None


@pytest.mark.parametrize("odd", ["high", [1.0], {"low": 1}])
def test_a_regression_answers_in_numbers(odd):
    fault = fault_of(Scored([1.0, odd]), "regression")
    assert fault is not None
    (problem,) = fault.problems
    assert (problem["row"], problem["got"]) == (1, repr(odd))
    assert "no number" in str(problem["problem"])


@pytest.mark.parametrize("odd", [math.nan, math.inf])
def test_a_number_that_is_not_finite_is_no_answer(odd):
    scored = [
        Scored([1.0, odd]),
        Scored(["a", "b"], [{"a": 1.0, "b": 0.0}, {"a": odd, "b": 0.0}]),
    ]
    for task, answer in zip(("regression", "classification"), scored, strict=True):
        fault = fault_of(answer, task)
        assert fault is not None
        assert fault.problems[0]["row"] == 1
