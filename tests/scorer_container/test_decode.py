"""The typed decoder beside the slow check: whatever comes, both say the same."""

import difflib
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scienceops.core.schema import MOST_SUGGESTIONS, Column, Schema
from scienceops.core.table import Table
from scienceops.errors import MOST_PROBLEMS, BadInput, BadRows
from scorer_container.columns import ROWS_AT_ONCE
from scorer_container.decode import RowsDecoder

COLUMNS = (
    Column("a b", "number"),
    Column("n", "number", nullable=True),
    Column("i", "integer"),
    Column("j", "integer", nullable=True),
    Column("s", "string"),
    Column("t", "string", nullable=True, categories=("x",)),
    Column("o", "boolean"),
    Column("d", "datetime", nullable=True),
)
SCHEMA = Schema(COLUMNS)
DECODER = RowsDecoder(SCHEMA)
GOOD = {"a b": 1.5, "n": None, "i": 3, "j": 4, "s": "é", "t": None, "o": True, "d": "2026-01-02"}

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**63) - 2, 2**63 + 2),
    st.floats(),
    st.sampled_from([3.0, -0.0, 1e308, 2.0**53, 10**400, 5e-324]),
    st.text(max_size=5),
    st.sampled_from(["2026-01-02T03:04:05Z", "2026-13-01", "\ud800", "\x00", "a\udfffb"]),
    st.lists(st.integers(), max_size=2),
)
rows = st.dictionaries(st.sampled_from([*GOOD, "other"]), values, max_size=3).map(
    lambda changed: {**GOOD, **changed}
)
lacking = st.tuples(rows, st.sampled_from(list(GOOD))).map(
    lambda pair: {k: v for k, v in pair[0].items() if k != pair[1]}
)


def slowly(body: bytes):
    try:
        document = json.loads(body, parse_constant=_refuse)
        return Table.from_rows(SCHEMA.check_rows(document["input_df"]), SCHEMA)
    except ValueError:
        return "no JSON"
    except BadRows as error:
        return error.problems


def _refuse(name):
    raise ValueError(name)


def typed(body: bytes):
    try:
        return DECODER.decode(body)
    except BadRows as error:
        return error.problems
    except BadInput:
        return "no JSON"


def plain(found):
    if not isinstance(found, Table):
        return found
    columns = [v.tolist() if isinstance(v, np.ndarray) else v for v in found.columns]
    return [[(type(value), repr(value)) for value in column] for column in columns]


@given(st.lists(st.one_of(rows, lacking), max_size=4))
@settings(max_examples=400, deadline=None)
def test_both_take_and_refuse_the_same_with_the_same_values(sent):
    body = json.dumps({"input_df": sent}).encode()
    assert plain(typed(body)) == plain(slowly(body))


@given(st.lists(st.one_of(rows, lacking), min_size=1, max_size=3), st.integers(60, 70), st.data())
@settings(max_examples=200, deadline=None)
def test_many_rows_are_taken_and_refused_alike(odd, count, drawn):
    sent = [GOOD] * count
    for row in odd:
        sent[drawn.draw(st.integers(0, count - 1))] = row
    wanted = plain(slowly(json.dumps({"input_df": sent}).encode()))
    for form in ("input_df", "dataframe_records", "instances"):
        assert plain(typed(json.dumps({form: sent}).encode())) == wanted


@pytest.mark.parametrize("last", [{}, {"n": 1e999}, {"a b": 1e999}, {"j": 2**63}])
def test_thousands_of_rows_stay_in_their_order(last):
    sent = [
        {**GOOD, "a b": n / 8, "n": n / 4, "i": n, "j": None if n % 3 else n, "s": str(n)}
        for n in range(2 * ROWS_AT_ONCE + 3)
    ]
    sent[-1] |= last
    body = json.dumps({"input_df": sent}).replace("Infinity", "1e999").encode()
    assert plain(typed(body)) == plain(slowly(body))


@given(st.lists(rows, max_size=3), st.integers(1, 70), st.data())
@settings(max_examples=200, deadline=None)
def test_rows_as_lists_and_columns_are_taken_and_refused_as_rows_are(odd, count, drawn):
    sent = [GOOD] * count
    for row in odd:
        known = {name: value for name, value in row.items() if name in GOOD}
        sent[drawn.draw(st.integers(0, count - 1))] = known
    names = drawn.draw(st.permutations(list(GOOD)))
    lists = [[row[name] for name in names] for row in sent]
    documents = {
        "dataframe_split": {"columns": names, "data": lists},
        "instances": [[row[column.name] for column in COLUMNS] for row in sent],
        "inputs": dict(zip(names, zip(*lists, strict=True), strict=True)),
    }
    if any(isinstance(value, list) for row in sent for value in row.values()):
        # Of a column, a value in a list of its own is that value.
        del documents["inputs"]
    wanted = plain(slowly(json.dumps({"input_df": sent}).encode()))
    for form, held in documents.items():
        assert plain(typed(json.dumps({form: held}).encode())) == wanted


@pytest.mark.parametrize(
    "text",
    [
        '{"input_df": [{"a b": 1, "a b": 2, "i": 1, "s": "x", "o": false}]}',
        '{"input_df": [{"a b": 1e400, "i": 1, "s": "x", "o": false}]}',
        '{"input_df": [{"a b": 1, "i": 1.0, "s": "x", "o": false}]}',
        '{"input_df": [{"a b": 1, "i": 9223372036854775808, "s": "x", "o": false}]}',
        '{"input_df": [{"a b": 1, "i": 1, "s": "x", "o": false}]}  ',
        '\ufeff{"input_df": [{"a b": 1, "i": 1, "s": "x", "o": false}]}',
        '{"input_df": [{"a b": 1, "i": 1, "s": "\\ud83d\\ude00", "o": false}]}',
        '{"input_df": [{"a b": 1, "i": 1, "s": "\\ud83d", "o": false}]}',
    ],
)
def test_odd_texts_are_read_alike(text):
    assert plain(typed(text.encode())) == plain(slowly(text.encode()))


def test_what_is_right_is_not_read_twice(monkeypatch):
    monkeypatch.setattr(RowsDecoder, "_decode_slowly", None)
    table = DECODER.decode(json.dumps({"input_df": [GOOD, GOOD]}).encode())
    assert (table.count, list(table.columns[0])) == (2, [1.5, 1.5])
    assert not math.isnan(table.columns[0][0])


def test_numbers_of_many_rows_come_as_arrays_where_none_is_missing():
    sent = [{**GOOD, "n": 2.5}] * 65
    arrays = [isinstance(values, np.ndarray) for values in typed(_body(sent)).columns]
    assert [c.name for c, array in zip(COLUMNS, arrays, strict=True) if array] == ["a b", "n"]
    sent[7] = GOOD
    assert typed(_body(sent)).columns[1][6:8] == [2.5, None]


def _body(sent):
    return json.dumps({"input_df": sent}).encode()


def test_many_unknown_columns_are_not_all_looked_for(monkeypatch):
    searched = []

    def search(name, *_, **__):
        searched.append(name)
        return []

    monkeypatch.setattr(difflib, "get_close_matches", search)
    schema = Schema((Column("x", "number"),))
    with pytest.raises(BadRows) as told:
        schema.check_rows([{f"column {n}": 1.0 for n in range(1000)}])
    assert len(told.value.problems) == MOST_PROBLEMS
    assert 1 <= len(searched) <= MOST_SUGGESTIONS


def test_an_unknown_column_is_told_before_what_it_left_out():
    schema = Schema((Column("petal_length", "number"), Column("petal_width", "number")))
    with pytest.raises(BadRows, match=r"^row 0, column 'petalwidth': unknown .*'petal_width'\?"):
        schema.check_rows([{"petal_length": 1.0, "petalwidth": 0.2}])


@pytest.mark.parametrize(
    ("rows", "says"), [(3, "(and 2 more problems)"), (150, "(and at least 19 more problems)")]
)
def test_how_many_more_there_are_is_told_as_far_as_it_is_known(rows, says):
    with pytest.raises(BadRows) as told:
        Schema((Column("x", "number"),)).check_rows([{"x": "wide"}] * rows)
    assert str(told.value).endswith(says)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("1,5", 'got string "1,5", wanted a number, as 1.5'),
        (" -2.5", 'got string " -2.5", wanted a number, as -2.5'),
        ("wide", 'got string "wide", wanted a number'),
        (True, "got boolean true, wanted a number"),
        ({"é": None}, 'got object {"é": null}, wanted a number'),
    ],
)
def test_a_wrong_value_is_told_as_it_came_with_the_number_that_may_be_meant(value, told):
    with pytest.raises(BadRows) as error:
        Schema((Column("x", "number"),)).check_rows([{"x": value}])
    assert str(error.value) == f"row 0, column 'x': wrong type: {told}"


def test_a_number_that_is_too_large_is_told_to_be_finite():
    with pytest.raises(BadRows, match="column 'x': wrong type: got number Infinity, wanted a fin"):
        RowsDecoder(Schema((Column("x", "number"),))).decode(b'{"input_df": [{"x": 1e999}]}')
