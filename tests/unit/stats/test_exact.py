"""What is seldom among few rows is counted: no alarm at nothing, and none missed."""

from collections import Counter

import numpy as np
import pytest
import scipy.stats

from scienceops.core.stats import exact, measures, partials, verdicts
from scienceops.core.stats.baseline import build_baseline
from scienceops.core.stats.hashing import sequence_keys


def judged(then, now):
    """The verdict's comparison of one category, its labels given row by row."""
    baseline = build_baseline({"x": then}, {"x": "category"})
    day = partials.summarise_labels(Counter(now), 0, baseline.labels("x", "category"))
    return verdicts.judge({"x": verdicts.compare(baseline.column("x", "category"), day)})["x"]


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (["a"] * 10_000, ["b"] * 30),
        (["True"] * 9900 + ["False"] * 100, ["False"] * 30),
        (["a"] * 180_000 + ["b"] * 20_000, ["a"] * 270 + ["B"] * 30),
        ([f"town {i % 20}" for i in range(10_000)], [f"id {i}" for i in range(30)]),
        ([f"code {i % 1000}" for i in range(10_000)], [f"id {i}" for i in range(1000)]),
        ([f"code {i % 1000}" for i in range(10_000)], [f"id {i % 100}" for i in range(1000)]),
    ],
    ids=["constant", "boolean", "renamed", "few rows", "once each", "ten times each"],
)
def test_labels_that_were_never_there_or_rare_drift_however_few_rows(then, now):
    assert judged(then, now).verdict == verdicts.DRIFT


def test_a_rare_label_that_is_there_once_is_no_drift():
    found = judged(["a"] * 9990 + ["b"] * 10, ["a"] * 29 + ["b"])
    assert found.rare_labels_p is not None
    assert found.verdict == verdicts.STABLE


def test_a_day_with_more_labels_than_are_counted_one_by_one_is_no_drift_for_that():
    random = np.random.default_rng(1)
    shares = 1 / np.arange(1, 200_001) ** 0.8
    drawn = [random.choice(200_000, 20_000, p=shares / shares.sum()).astype(str) for _ in range(2)]
    found = judged(*(side.tolist() for side in drawn))
    assert found.p_value > 0.01
    assert found.verdict == verdicts.STABLE


def test_a_day_of_nothing_but_new_labels_drifts_though_most_are_pooled():
    then = [f"code {i % 50}" for i in range(20_000)]
    assert judged(then, [f"id {i}" for i in range(20_000)]).verdict == verdicts.DRIFT


def test_without_rare_labels_chi_square_stands_alone():
    found = judged(["a", "b"] * 500, ["a"] * 60 + ["b"] * 40)
    assert found.rare_labels_p is None
    assert found.p_value == found.chi_square_p


@pytest.mark.parametrize("share", [0.01, 0.03])
@pytest.mark.parametrize("rows", [30, 50])
def test_flags_of_zero_and_one_surprise_no_more_often_than_p_says(share, rows):
    random = np.random.default_rng(11)
    then = (np.arange(2000) < share * 2000).astype(float)
    days = (random.random((2000, rows)) < share).astype(float)
    found = np.array([measures.mann_whitney_p(then, now) for now in days])
    # What 50 features of a day have to come below for one of them to drift.
    level = 0.01 / 50
    assert np.sum(found <= level) <= scipy.stats.binom.isf(1e-4, len(found), level)


def test_a_flag_that_most_rows_get_drifts_though_they_are_few():
    baseline = build_baseline({"x": np.arange(10_000) % 100 == 0}, {"x": "number"})
    day = partials.summarise_numbers(np.ones(30), sequence_keys(30), baseline.edges("x", "number"))
    compared = verdicts.compare(baseline.column("x", "number"), day)
    assert verdicts.judge({"x": compared})["x"].verdict == verdicts.DRIFT


def test_of_zero_and_one_mann_whitney_is_fishers_test_twice():
    then, now = np.array([0.0] * 990 + [1.0] * 10), np.array([0.0] * 27 + [1.0] * 3)
    wanted = scipy.stats.fisher_exact([[10, 990], [3, 27]]).pvalue
    assert measures.mann_whitney_p(then, now) == pytest.approx(2 * wanted, rel=1e-6)


def test_rare_labels_are_told_by_chance_no_more_often_than_p_says():
    random = np.random.default_rng(5)
    pooled = np.repeat(np.arange(300), random.zipf(2.0, 300).clip(max=50))
    found = []
    for _ in range(400):
        random.shuffle(pooled)
        now = np.bincount(pooled[:60], minlength=300)
        found.append(exact.rare_labels_p(np.bincount(pooled, minlength=300) - now, now))
    for level in (0.01, 0.05, 0.2):
        allowed = scipy.stats.binom.isf(1e-4, len(found), level)
        assert np.sum(np.array(found) <= level) <= allowed
