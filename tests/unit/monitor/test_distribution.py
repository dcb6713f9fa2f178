"""The distribution of a day beside training's: what is not named on one side is not zero there."""

import pytest

from scienceops.usecases.distribution import distribution

DAY = "2026-11-20"


def shown(then, now):
    series = {f"category_count:{label}": {DAY: rows} for label, rows in now.items()}
    baseline = {f"category_count:{label}": rows for label, rows in then.items()}
    return distribution(series, baseline, DAY)


def test_a_category_that_a_side_may_have_among_its_others_is_one_of_them():
    found = shown({"a": 50.0, "b": 30.0, "(other)": 20.0}, {"a": 50.0, "c": 30.0, "(other)": 20.0})
    assert found["labels"] == ["(other)", "a"]
    assert found["training"] == found["day"] == [0.5, 0.5]


def test_where_nothing_is_together_a_new_category_is_named():
    found = shown({"a": 3.0, "b": 1.0}, {"a": 3.0, "c": 1.0})
    assert (found["labels"], found["day"]) == (["a", "b", "c"], [0.75, 0.0, 0.25])


def test_a_category_joins_the_others_of_the_side_that_has_some():
    found = shown({"a": 3.0, "b": 1.0}, {"a": 2.0, "(other)": 2.0})
    assert found["labels"] == ["(other)", "a"]
    assert found["training"] == pytest.approx([0.25, 0.75])
