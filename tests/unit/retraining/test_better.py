"""A candidate is better where it is surely so on new rows, and not surely worse on old ones."""

import numpy as np
import pytest

from scienceops.core.retraining import gain_error, is_better


def part(rows: int, live: float, candidate: float, error: float | None, metric: str = "accuracy"):
    return {
        "rows": rows,
        "live": {metric: live},
        "candidate": {metric: candidate},
        "standard_error": error,
    }


def judge(recent, original=None, metric="accuracy", margin=0.0, tolerance=0.05):
    comparison = {"metric": metric, "recent": recent, "original": original}
    return is_better(comparison, margin=margin, tolerance=tolerance)


def test_one_that_is_clearly_better_wins():
    assert judge(part(30, 0.6, 0.9, 0.09)) == (
        True,
        "accuracy on 30 new rows: live 0.6, candidate 0.9",
    )


@pytest.mark.parametrize(
    ("recent", "says"),
    [
        (part(1, 0.0, 1.0, None), "on 1 new rows: live 0, candidate 1, too few to be sure: wanted"),
        (part(29, 0.0, 1.0, 0.0), "wanted at least 30"),
        (part(100, 0.80, 0.82, 0.02), "not surely better by more than 0"),
        (part(100, 0.8, 0.8, 0.0), "not surely better by more than 0"),
        (part(100, 0.5, 0.9, None), "how sure that is was not measured"),
        (None, "no new labelled row"),
    ],
)
def test_what_is_not_sure_does_not_win(recent, says):
    wins, why = judge(recent)
    assert not wins
    assert says in why


def test_a_gain_must_surely_be_more_than_the_margin():
    recent = part(1000, 0.80, 0.85, 0.01)
    assert judge(recent, margin=0.03)[0]
    assert not judge(recent, margin=0.04)[0]


@pytest.mark.parametrize("agreement", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("rows", [30, 60, 200, 1000])
def test_of_two_equal_models_the_candidate_wins_once_in_twenty_times_at_most(rows, agreement):
    dice = np.random.default_rng(20261123)
    wins = 0
    for _ in range(2000):
        live = dice.random(rows) < 0.8
        # Where they do not agree, either is right as often as the other.
        differs = dice.random(rows) > agreement
        candidate = np.where(differs, dice.random(rows) < 0.5, live)
        live = np.where(differs, dice.random(rows) < 0.5, live)
        error = gain_error((candidate * 1.0 - live).tolist())
        wins += judge(part(rows, live.mean(), candidate.mean(), error))[0]
    assert wins / 2000 < 0.06  # One in twenty, and three standard errors of 2,000 draws.


def test_a_number_is_judged_by_its_interval_too():
    recent = part(50, 0.70, 0.74, 0.02, "r2")
    assert judge(recent, metric="r2")[0]
    assert not judge(recent | {"standard_error": 0.03}, metric="r2")[0]


def test_one_that_is_surely_worse_on_the_original_rows_loses():
    wins, why = judge(part(90, 0.5, 0.9, 0.05), part(30, 1.0, 0.6, 0.09))
    assert not wins
    assert why.endswith(
        "on 30 original rows: live 1, candidate 0.6, surely worse by more than 0.05"
    )


@pytest.mark.parametrize("error", [None, 0.0])
def test_a_single_original_row_decides_nothing(error):
    assert judge(part(90, 0.5, 0.9, 0.05), part(1, 1.0, 0.0, error))[0]
