"""The rows whose answer changes most: those that change, each once, with how far."""

from types import SimpleNamespace

import pandas as pd
import pytest

from scienceops.core.names import LABEL
from scienceops.training.compare import MOST_CHANGED, _changed
from scienceops.training.running_version import Answers

CLASSES = SimpleNamespace(task="classification")
NUMBERS = SimpleNamespace(task="regression")


def shares(*values):
    return [{"a": value, "b": 1 - value} for value in values]


def changed(xs, then, now, order=CLASSES):
    frame = pd.DataFrame({"x": xs, LABEL: [None] * len(xs)})
    return _changed(frame, ["x"], then, now, order)


def test_where_every_answer_stays_no_row_is_told():
    then, now = Answers(["a", "b"], shares(0.9, 0.1)), Answers(["a", "b"], shares(0.6, 0.4))
    assert changed([1.0, 2.0], then, now) == []


def test_the_same_row_is_told_once():
    then, now = Answers(["a"] * 20, None), Answers(["b"] * 20, None)
    assert len(changed([1.0] * 20, then, now)) == 1
    assert len(changed([float(i) for i in range(20)], then, now)) == MOST_CHANGED


def test_the_share_that_the_class_lost_is_told_and_the_most_comes_first():
    then = Answers(["a", "a", "a"], shares(0.6, 0.9, 0.9))
    now = Answers(["b", "b", "a"], shares(0.4, 0.2, 0.6))
    found = changed([1.0, 2.0, 3.0], then, now)
    assert [row["row"]["x"] for row in found] == [2.0, 1.0]
    assert [row["change"] for row in found] == pytest.approx([0.7, 0.2])


def test_without_shares_nobody_says_by_how_much():
    found = changed([1.0], Answers(["a"], None), Answers(["b"], None))
    assert found[0]["change"] is None


def test_a_number_is_told_by_how_far_it_moved():
    found = changed([1.0, 2.0], Answers([1.0, 5.0], None), Answers([1.0, 2.0], None), NUMBERS)
    assert [(row["live"], row["candidate"], row["change"]) for row in found] == [(5.0, 2.0, 3.0)]
