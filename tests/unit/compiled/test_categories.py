"""Categories: each value finds its own place, whatever stands in the rows beside it."""

import numpy as np
import pytest

from scienceops.compiled.categories import Codes, OneHot
from scienceops.compiled.step import Refused
from scienceops.core.table import Table

NAN = float("nan")
VALUES = ["b", None, "new", "a", NAN, "a"]


def codes(numbers, unknown=None, *, refuses=False):
    return Codes([["a", "b", None]], [numbers], [unknown], refuses)


def test_missing_and_unknown_values_have_numbers_of_their_own_among_known_ones():
    found = codes([0.0, 1.0, 2.0], unknown=-1.0)(Table([VALUES], len(VALUES)))
    assert found[:, 0].tolist() == [1.0, 2.0, -1.0, 0.0, 2.0, 0.0]


def test_a_category_whose_number_is_missing_is_not_taken_for_an_unknown_one():
    found = codes([0.0, 1.0, None], unknown=-1.0)(Table([VALUES], len(VALUES)))
    assert np.array_equal(found[:, 0], [1.0, NAN, -1.0, 0.0, NAN, 0.0], equal_nan=True)


def test_numbers_as_categories_are_found_in_an_array():
    step = Codes([[0.0, 1.0, None]], [[5.0, 6.0, 7.0]], [-1.0], refuses=False)
    assert step(np.array([[1.0], [NAN], [9.0]]))[:, 0].tolist() == [6.0, 7.0, -1.0]


@pytest.mark.parametrize(
    "step",
    [
        codes([0.0, 1.0, 2.0], refuses=True),
        OneHot([["a", "b", None]], [[0, 1, 2]], [-2], 3),
    ],
    ids=["codes", "one hot"],
)
@pytest.mark.parametrize(("values", "row"), [(["new"], 0), (VALUES, 2)], ids=["one", "many"])
def test_the_first_row_of_a_refused_category_is_named(step, values, row):
    with pytest.raises(Refused, match=f"row {row} has the unknown category 'new'"):
        step(Table([values], len(values)))


@pytest.mark.parametrize("count", [1, len(VALUES)])
def test_each_row_has_its_own_column_and_one_without_a_place_has_none(count):
    step = OneHot([["a", "b", None], ["x"]], [[-1, 0, 1], [3]], [2, -1], 4)
    found = step(Table([VALUES[:count], ["x", *["y"] * 5][:count]], count))
    assert found.tolist() == [
        [1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0],
    ][:count]  # fmt: skip
