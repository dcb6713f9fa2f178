"""A row by itself: each step makes of it, to the bit, what it makes of the row among others."""

import math
from functools import partial

import numpy as np
import pytest

from scienceops.compiled.answers import Classes, LargestShare, Value
from scienceops.compiled.categories import Codes, FillCategories, OneHot
from scienceops.compiled.columns import Beside, Chain, Columns, Finite, Linear, Numbers
from scienceops.compiled.numeric import (
    Apply,
    Impute,
    MissingFlags,
    Normalise,
    Products,
    Scale,
    Threshold,
)
from scienceops.compiled.step import MOST_LISTED, Classified, OneClassified, Refused, Row
from scienceops.core.table import Table

RANDOM = np.random.default_rng(3)
ODD = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1e308, -1e308, 5e-324, 1e39]
NUMBERS = [
    *RANDOM.normal(size=(40, 3)).tolist(),
    *RANDOM.choice(ODD, size=(60, 3)).tolist(),
]
TEXTS = [[text] for text in ("a", "b", None, "unseen", math.nan, 2, 2.0, "")]
THREE = RANDOM.normal(size=3)
WIDE = MOST_LISTED + 1


def linear(outputs, columns=3):
    return Linear(RANDOM.normal(size=(outputs, columns)), RANDOM.normal(size=outputs))


NUMERIC = {
    "numbers": Numbers(),
    "finite": Finite(),
    "finite, or missing": Finite(missing=True),
    "finite in float32": Finite(single=True),
    "some columns": Columns([2, 0]),
    "scaled": Scale(minus=THREE, divisor=THREE, factor=THREE, plus=THREE),
    "scaled by zero": Scale(divisor=np.array([0.0, 1.0, -0.0])),
    "scaled within limits": Scale(factor=THREE, low=-1.0, high=1.0),
    "scaled by one number": Scale(divisor=np.array([2.0])),
    "imputed": Impute(THREE, [0, 2], [1]),
    "flags": MissingFlags([1, 2]),
    "threshold": Threshold(0.0),
    "products": Products([[0, 0], [1, 2], []]),
    "normalised": Normalise("l2"),
    "logarithms": Apply("log"),
    "one score": linear(1),
    "scores": linear(5),
    "many scores": linear(WIDE),
    "beside each other": Beside([Numbers(), Chain([Columns([1]), Scale(minus=THREE[:1])])]),
    "weighed": Beside([Numbers(), Columns([1])], weights=[0.5, 2.0]),
    "more than a list takes": Beside([Numbers(), linear(WIDE)]),
    "value": Value(linear(1)),
    "exponential of a value": Value(linear(1), "exp"),
    "sigmoid of a value": Value(linear(1), "sigmoid"),
    "largest share": LargestShare(Numbers()),
    **{
        f"{rule}, {count} scores": Classes(linear(count), rule, at_least=count == 1)
        for rule in ("softmax", "sigmoid", "one vs rest", "huber", "none")
        for count in (1, 3, 9)
    },
}
CATEGORIES = {
    "one hot": OneHot([["a", "b", None]], [[0, 1, -1]], [2], 3),
    "one hot, refusing": OneHot([["a", None, 2]], [[1, 0, 2]], [-2], 3),
    "wide one hot": OneHot([["a", "b", None]], [[0, 1, WIDE]], [-1], WIDE + 1),
    "codes": Codes([["a", None, 2]], [[0.0, None, 7]], [None], False),
    "codes, refusing": Codes([["a", "b"]], [[0.0, 1.0]], [None], True),
    "filled": FillCategories(["b"]),
    "filled, then coded": Chain([FillCategories(["b"]), Codes([["b"]], [[4.0]], [-1.0], False)]),
}


def asked(act, given):
    """What it answers, as bits; None if it refuses."""
    try:
        with np.errstate(all="ignore"):
            made = act(given)
    except Refused:
        return None
    if isinstance(made, Table):
        return repr([column[0] for column in made.columns])
    if isinstance(made, tuple):
        return repr(list(made))
    if isinstance(made, OneClassified):
        return made.winner, None if made.shares is None else np.array(made.shares).tobytes()
    if hasattr(made, "winners"):
        return int(made.winners[0]), None if made.shares is None else made.shares[0].tobytes()
    return np.array(made).ravel().tobytes()


def of_many(step, row):
    """What the step makes of this row as the first of two, by itself: the other is the same."""
    made = step(Table([[value, value] for value in row], 2))
    if isinstance(made, Table):
        return Table([column[:1] for column in made.columns], 1)
    if hasattr(made, "winners"):
        shares = None if made.shares is None else made.shares[:1]
        return Classified(made.winners[:1], shares)
    return made[:1]


@pytest.mark.parametrize("name", NUMERIC)
def test_numbers(name):
    step = NUMERIC[name]
    alone = [asked(step.of_row, tuple(row)) for row in NUMBERS]
    among = [asked(partial(of_many, step), row) for row in NUMBERS]
    assert alone == among
    assert any(answer is not None for answer in alone)


@pytest.mark.parametrize("name", CATEGORIES)
def test_categories(name):
    step = CATEGORIES[name]
    for row in TEXTS:
        assert asked(step.of_row, tuple(row)) == asked(partial(of_many, step), row)


def test_missing_values_and_whole_numbers_are_numbers_as_in_a_table():
    row: Row = (None, 2**60 + 1, True)
    assert asked(Numbers().of_row, row) == asked(partial(of_many, Numbers()), row)


@pytest.mark.parametrize("name", ["numbers", "one hot"])
def test_what_a_few_numbers_make_is_a_list(name):
    # Else an array would be made for each step.
    step, row = {**NUMERIC, **CATEGORIES}[name], ("a",) if name == "one hot" else (1, None, 2.5)
    assert type(step.of_row(row)) is list
