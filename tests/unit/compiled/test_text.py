"""Text steps: a row has the same terms and weights alone as among others."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scienceops.compiled.step import Refused
from scienceops.compiled.text import _SAME, Text, TfIdf
from scienceops.core.table import Table

PATTERN = r"(?u)\b\w\w+\b"
TEXTS = ["b a b", "aa bb aa cc", "", "nothing known", "cc", "bb aa bb bb zz"]
WEIGHTS = np.array([0.3, 1.7, 2.9])


def text(*, binary=False):
    return Text(["aa", "bb", "cc"], "word", True, None, PATTERN, ["zz"], 1, 1, binary)


@given(st.text(st.sampled_from("aé_1 .-\n\u0301ß"), max_size=12))
def test_what_stands_in_for_a_pattern_finds_the_same_words(sent):
    for pattern, other in _SAME.items():
        assert re.findall(other, sent) == re.findall(pattern, sent)


def test_terms_are_counted_by_row_in_the_order_of_their_columns():
    found = text()(Table([TEXTS], len(TEXTS)))
    assert found.lengths == [0, 3, 0, 0, 1, 2]
    assert found.dense().tolist() == [
        [0, 0, 0], [2, 1, 1], [0, 0, 0], [0, 0, 0], [0, 0, 1], [1, 3, 0],
    ]  # fmt: skip
    once = text(binary=True)(Table([TEXTS], len(TEXTS)))
    assert once.dense().tolist() == (found.dense() > 0).tolist()


@pytest.mark.parametrize("norm", ["l1", "l2", None])
@pytest.mark.parametrize("sublinear", [True, False])
def test_weights_of_a_row_are_the_same_alone(norm, sublinear):
    weigh, count = TfIdf(WEIGHTS, sublinear, norm), text()
    together = weigh(count(Table([TEXTS], len(TEXTS)))).dense()
    alone = [weigh(count(Table([[one]], 1))).dense()[0] for one in TEXTS]
    assert together.tolist() == np.array(alone).tolist()
    sizes = {"l1": together.sum(axis=1), "l2": (together**2).sum(axis=1)}.get(norm)
    if sizes is not None:
        assert sizes == pytest.approx([0, 1, 0, 0, 1, 1])


def test_what_is_no_text_is_refused():
    with pytest.raises(Refused, match="a text is wanted, None is none"):
        text()(Table([["aa", None]], 2))
