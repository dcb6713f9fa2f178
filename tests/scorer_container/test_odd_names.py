"""Names of columns and classes that JSON escapes are read and written as all others are."""

import json

import numpy as np
import pytest

from scienceops.core.schema import Column, Schema
from scienceops.core.table import FEW_ROWS
from scienceops.errors import BadRows
from scienceops.running import Scored, Shares
from scorer_container.decode import RowsDecoder
from scorer_container.protocols.form import Answer
from scorer_container.protocols.native import NativeForm

ODD = ['6" pipe', "back\\slash", "two\nlines", "a\tb", "nul\x00"]
COUNTS = [1, FEW_ROWS + 1]


def schema_of(name: str) -> Schema:
    return Schema((Column(name, "number"), Column("plain", "integer", nullable=True)))


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("count", COUNTS)
def test_rows_of_a_column_with_an_odd_name_are_read(name, count):
    rows = [{name: n / 2, "plain": n} for n in range(count)]
    table = RowsDecoder(schema_of(name)).decode(json.dumps({"input_df": rows}).encode())
    assert [list(column) for column in table.columns] == [
        [n / 2 for n in range(count)],
        list(range(count)),
    ]


@pytest.mark.parametrize("name", ODD)
def test_a_fault_in_a_column_with_an_odd_name_is_told(name):
    body = json.dumps({"input_df": [{name: "wide", "plain": 1}]}).encode()
    with pytest.raises(BadRows) as told:
        RowsDecoder(schema_of(name)).decode(body)
    assert told.value.problems[0]["column"] == name


@pytest.mark.parametrize("label", ODD)
@pytest.mark.parametrize("count", COUNTS)
def test_shares_of_a_class_with_an_odd_name_are_written(label, count):
    shares = Shares([label, "other"], np.tile([0.25, 0.75], (count, 1)))
    answer = Answer("id", "iris", 1, Scored([label] * count, shares))
    told = json.loads(NativeForm(RowsDecoder(schema_of("x"))).write(answer).body)
    assert told["predictions"] == [label] * count
    assert told["probabilities"] == [{label: 0.25, "other": 0.75}] * count
