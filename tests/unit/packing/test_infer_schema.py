"""Schemas from data: what each kind of column becomes, and what is refused by name."""

import numpy as np
import pandas as pd
import pytest

from scienceops.core.schema import Column
from scienceops.errors import BadSchema
from scienceops.packing.infer_schema import as_frame, infer_schema
from scienceops.packing.rows import frame_to_rows

DAY = pd.Timestamp("2026-01-02T03:04:05")


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ([1.5, 2.0], Column("c", "number", minimum=1.5, maximum=2.0)),
        ([1.5, None], Column("c", "number", nullable=True, minimum=1.5, maximum=1.5)),
        ([1, 3], Column("c", "integer", minimum=1.0, maximum=3.0)),
        (pd.array([1, None], "Int64"), Column("c", "integer", True, minimum=1.0, maximum=1.0)),
        (pd.Series([1, 2], dtype=object), Column("c", "integer", minimum=1.0, maximum=2.0)),
        (pd.Series([np.nan]), Column("c", "number", nullable=True)),
        ([True, False], Column("c", "boolean")),
        (pd.Series([True, None], dtype=object), Column("c", "boolean", nullable=True)),
        (["a", "b"], Column("c", "string")),
        (["b", "a"] * 2, Column("c", "string", categories=("a", "b"))),
        (["a", None, "a"], Column("c", "string", True, categories=("a",))),
        (pd.Categorical(["a"], ["a", "b"]), Column("c", "string", categories=("a", "b"))),
        (pd.Categorical([3, 4]), Column("c", "integer", minimum=3.0, maximum=4.0)),
        ([f"text {i}" for i in range(101)] * 2, Column("c", "string")),
        ([DAY, DAY], Column("c", "datetime")),
        ([DAY.tz_localize("UTC"), None], Column("c", "datetime", nullable=True)),
    ],
)
def test_a_column_is_described_by_its_values(values, column):
    assert infer_schema(pd.DataFrame({"c": values})).columns == (column,)


def test_missing_values_of_the_sample_count_too():
    schema = infer_schema(pd.DataFrame({"c": [1.0]}), also=pd.DataFrame({"c": [None]}))
    assert schema.columns[0].nullable


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["a", 1], "column 'c' holds int 1: wanted"),
        ([[1], [2]], r"column 'c' holds list \[1\]"),
        (pd.Series([None, None], dtype=object), "no value to tell its type from"),
        ([1.0, np.inf], "column 'c' holds infinity"),
    ],
)
def test_a_column_that_json_cannot_describe_is_named(values, message):
    with pytest.raises(BadSchema, match=message):
        infer_schema(pd.DataFrame({"c": values}))


def test_a_column_named_prediction_is_refused():
    with pytest.raises(BadSchema, match="kept for what is measured"):
        infer_schema(pd.DataFrame({"prediction": [1.0]}))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x" * 256, "has 256 characters: wanted at most 255; rename"),
        # Two of UTF-16 each.
        ("\U0001f389" * 128, "has 256 characters: wanted at most 255; rename"),
        ("a\ud800", r"named 'a\\ud800': half of a pair"),
    ],
)
def test_a_name_that_no_table_of_statistics_takes_is_refused(name, message):
    with pytest.raises(BadSchema, match=message):
        infer_schema(pd.DataFrame({name: [1.0]}))


def test_a_name_may_be_as_long_as_tables_of_statistics_take():
    name = "\U0001f389" * 127 + "x"
    assert infer_schema(pd.DataFrame({name: [1.0]})).columns[0].name == name


@pytest.mark.parametrize(
    ("data", "columns"),
    [
        (np.zeros((2, 3)), ["x0", "x1", "x2"]),
        ([[1, 2], [3, 4]], ["x0", "x1"]),
        (np.array([1.0, 2.0]), ["x0"]),
        (np.array(["a", "b"]), ["text"]),
        (["a", "b"], ["text"]),
        (pd.Series(["a"], name="review"), ["review"]),
        ([{"a": 1, "b": 2}], ["a", "b"]),
        (pd.DataFrame({0: [1], 1: [2]}), ["0", "1"]),
    ],
)
def test_rows_of_any_common_form_become_a_frame(data, columns):
    assert list(as_frame(data)) == columns


@pytest.mark.parametrize(
    "data", [[], pd.DataFrame({"a": []}), "text", 7, {"a": 1}, np.zeros((1, 1, 1))]
)
def test_what_is_no_table_is_refused(data):
    with pytest.raises(BadSchema, match=r"no rows|is no table"):
        as_frame(data)


def test_rows_are_what_a_client_would_send():
    frame = pd.DataFrame(
        {
            "n": [1.0, None],
            "i": pd.array([1, None], "Int64"),
            "b": pd.Series([True, None], dtype=object),
            "s": ["a", None],
            "t": [DAY, None],
        }
    )
    rows = frame_to_rows(frame, infer_schema(frame))
    assert rows == [
        {"n": 1.0, "i": 1, "b": True, "s": "a", "t": "2026-01-02T03:04:05"},
        {"n": None, "i": None, "b": None, "s": None, "t": None},
    ]
