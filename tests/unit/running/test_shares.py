"""Shares: one matrix of probabilities, as rows, as classes and in part."""

import numpy as np
import pytest

from scienceops.errors import ModelFailed
from scienceops.running import Scored, Shares

MATRIX = np.array([[0.25, 0.75], [1.0, 0.0], [0.5, 0.5]])
SHARES = Shares(["no", "yes"], MATRIX)
ROWS = [{"no": 0.25, "yes": 0.75}, {"no": 1.0, "yes": 0.0}, {"no": 0.5, "yes": 0.5}]


def test_a_matrix_is_told_by_row_and_by_class():
    scored = Scored(["yes", "no", "no"], SHARES)
    assert scored.probabilities == scored.by_row() == ROWS
    assert scored.by_class() == {"no": [0.25, 1.0, 0.5], "yes": [0.75, 0.0, 0.5]}
    assert scored.as_matrix() is SHARES


def test_rows_that_a_script_told_become_a_matrix():
    scored = Scored(["yes", "no", "no"], ROWS)
    matrix = scored.as_matrix()
    assert matrix is not None
    assert (list(matrix.labels), matrix.matrix.tolist()) == (["no", "yes"], MATRIX.tolist())
    assert scored.by_class() == Scored([], SHARES).by_class()


def test_a_class_that_a_row_lacks_has_no_share_there():
    scored = Scored(["a", "b"], [{"a": 1.0}, {"b": 0.5, "a": 0.5}])
    assert scored.by_class() == {"a": [1.0, 0.5], "b": [None, 0.5]}


def test_a_part_has_the_shares_of_its_rows():
    whole = Scored(["yes", "no", "no"], SHARES)
    told = Scored(["yes", "no", "no"], ROWS)
    assert whole.part(1, 3).probabilities == told.part(1, 3).probabilities == ROWS[1:]
    assert Scored([1, 2]).part(0, 1) == Scored([1])


def test_the_shares_of_one_row_may_be_a_list():
    one = Scored(["yes"], Shares(["no", "yes"], [0.25, 0.75]))
    assert (one.probabilities, one.by_class()) == (ROWS[:1], {"no": [0.25], "yes": [0.75]})
    shares = one.as_matrix()
    assert shares is not None
    assert (shares.count, shares.matrix.tolist()) == (1, MATRIX[:1].tolist())
    assert shares.are_finite()
    assert one.part(0, 1).probabilities == ROWS[:1]
    assert not any(Shares(["a"], [odd]).are_finite() for odd in (np.nan, np.inf, -np.inf))


@pytest.mark.parametrize("odd", [[np.nan], [np.inf], [-np.inf], [np.inf, -np.inf]])
def test_what_is_not_finite_is_seen(odd):
    matrix = MATRIX.copy()
    matrix[2, : len(odd)] = odd
    assert SHARES.are_finite()
    assert not Shares(["no", "yes"], matrix).are_finite()


def test_other_than_a_share_for_each_class_and_row_is_refused():
    with pytest.raises(ModelFailed, match=r"shape \(3, 2\): wanted 3 rows of 1 classes"):
        Shares.told(["yes"], MATRIX, 3)
