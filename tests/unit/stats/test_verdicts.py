"""Verdicts need size and surprise; too few rows are said to be too few."""

import numpy as np
import pytest

from scienceops.core.stats import partials, verdicts
from scienceops.core.stats.baseline import build_baseline
from scienceops.core.stats.hashing import sequence_keys


def compare(then, now, kind="number"):
    baseline = build_baseline({"x": then}, {"x": kind})
    edges = baseline.edges("x", kind)
    if kind == "number":
        day = partials.summarise_numbers(np.asarray(now), sequence_keys(len(now)), edges)
    else:
        labels, counts = np.unique([v for v in now if v is not None], return_counts=True)
        day = partials.summarise_labels(
            dict(zip(labels.tolist(), counts.tolist(), strict=True)), now.count(None)
        )
    compared = verdicts.compare(baseline.column("x", kind), day)
    return verdicts.judge({"x": compared})["x"]


def test_a_large_day_that_moved_by_nothing_much_is_stable():
    random = np.random.default_rng(0)
    found = compare(random.normal(size=100_000), random.normal(0.1, size=400_000))
    assert found.q_value < 0.01
    assert found.effect < verdicts.EFFECT_GATE
    assert found.verdict == verdicts.STABLE


def test_a_small_day_that_differs_by_chance_is_stable():
    random = np.random.default_rng(4)
    found = compare(random.normal(size=1000), random.normal(size=40))
    assert found.effect >= verdicts.EFFECT_GATE
    assert found.verdict == verdicts.STABLE


def test_a_moved_day_drifts():
    random = np.random.default_rng(1)
    assert compare(random.normal(size=2000), random.normal(0.5, size=800)).verdict == verdicts.DRIFT


@pytest.mark.parametrize("rows", [0, 1, verdicts.LEAST_ROWS - 1])
def test_too_few_rows_are_not_enough_data(rows):
    random = np.random.default_rng(2)
    found = compare(random.normal(size=500), random.normal(9, size=rows))
    assert found.verdict == verdicts.NOT_ENOUGH_DATA


def test_values_that_go_missing_drift_though_the_others_stay():
    values = np.random.default_rng(3).normal(size=1000)
    holed = values.copy()
    holed[:300] = np.nan
    found = compare(values, holed)
    assert found.missing_p < 1e-6
    assert found.verdict == verdicts.DRIFT


def test_a_new_category_drifts():
    found = compare(["a", "b"] * 300, ["a", "b", "c"] * 100, kind="category")
    assert found.verdict == verdicts.DRIFT


@pytest.mark.parametrize(
    ("rows", "there", "verdict"),
    [
        (100, 100, verdicts.NOT_COMPARED),
        (100, 99, verdicts.STABLE),
        (100, 40, verdicts.DRIFT),
        (verdicts.LEAST_ROWS - 1, 1, verdicts.NOT_ENOUGH_DATA),
    ],
)
def test_of_times_the_missing_share_alone_is_compared(rows, there, verdict):
    then = partials.summarise_times(1000, np.arange(1000, dtype=np.uint64))
    day = partials.summarise_times(rows, np.arange(there, dtype=np.uint64))
    assert verdicts.judge({"x": verdicts.compare(then, day)})["x"].verdict == verdict


def test_a_constant_feature_that_stays_constant_is_stable():
    assert compare(np.ones(100), np.ones(100)).verdict == verdicts.STABLE
