"""Rows to DataFrame: the dtypes are those that pandas gave the model in training."""

import numpy as np
import pandas as pd
import pytest

from scienceops.core.schema import Column, Schema
from scienceops.core.table import Table
from scienceops.errors import BadRows
from scienceops.running.frame import table_to_frame


@pytest.mark.parametrize(
    ("column", "values", "dtype"),
    [
        (Column("c", "number"), [1.0, 2.5], "float64"),
        (Column("c", "number", nullable=True), [1.0, None], "float64"),
        (Column("c", "integer"), [1, 2], "int64"),
        (Column("c", "integer", nullable=True), [1, 2], "float64"),
        (Column("c", "boolean"), [True, False], "bool"),
        (Column("c", "boolean", nullable=True), [True, None], "object"),
        (Column("c", "string"), ["a", "b"], "object"),
        (Column("c", "string", categories=("a",)), ["a", "b"], "object"),
        (Column("c", "datetime"), ["2026-01-01", "2026-01-02T03:04:05+01:00"], "datetime64[ns]"),
    ],
)
def test_a_column_has_the_dtype_it_had_in_training(column, values, dtype):
    frame = table_to_frame(Table([values], len(values)), Schema((column,)))
    assert str(frame["c"].dtype) == dtype


def test_missing_text_is_nan_as_pandas_has_it():
    frame = table_to_frame(Table([[None]], 1), Schema((Column("c", "string", nullable=True),)))
    assert isinstance(frame["c"][0], float)
    assert np.isnan(frame["c"][0])


def test_date_times_are_in_utc_without_a_zone():
    schema = Schema((Column("c", "datetime", nullable=True),))
    frame = table_to_frame(Table([["2026-01-02T03:04:05+01:00", None]], 2), schema)
    assert frame["c"][0] == pd.Timestamp("2026-01-02T02:04:05")
    assert frame["c"].isna().tolist() == [False, True]


def test_columns_come_in_the_order_of_the_schema():
    schema = Schema((Column("b", "number"), Column("a", "number")))
    table = Table.from_rows([{"a": 1.0, "b": 2.0}], schema)
    assert table_to_frame(table, schema).to_dict("records") == [{"b": 2.0, "a": 1.0}]


def test_a_time_without_an_offset_is_in_utc_whatever_row_is_before_it():
    schema = Schema((Column("at", "datetime", nullable=True),))
    texts = [
        "2026-03-29T02:30:00+02:00",
        "2026-03-29T02:30:00",
        None,
        "2026-03-29",
        "2026-03-29T02Z",
    ]
    alone = [
        table_to_frame(Table([[text]], 1), schema)["at"].dt.strftime("%dT%H:%M")[0]
        for text in texts
    ]
    assert alone[:2] == ["29T00:30", "29T02:30"]
    together = table_to_frame(Table([texts], len(texts)), schema)["at"]
    assert together.dtype == "datetime64[ns]"
    told = together.dt.strftime("%dT%H:%M")
    assert told.fillna("").tolist() == ["" if pd.isna(text) else text for text in alone]


def test_week_dates_and_commas_are_read_as_the_schema_takes_them():
    schema = Schema((Column("at", "datetime"),))
    texts = ["2026-W13-7", "2026-03-29T02:30:00,5", "20260329T0230"]
    found = table_to_frame(Table([texts], 3), schema)["at"]
    assert found.dt.strftime("%dT%H:%M").tolist() == ["29T00:00", "29T02:30", "29T02:30"]


@pytest.mark.parametrize("text", ["9999-12-31", "0001-01-01T00:00:00+00:00"])
def test_a_time_that_nanoseconds_do_not_hold_is_refused_by_row_and_column(text):
    schema = Schema((Column("n", "number"), Column("at", "datetime", nullable=True)))
    with pytest.raises(BadRows, match=r"row 2, column 'at': out of range: got .* wanted a date-t"):
        table_to_frame(Table([[1.0] * 3, [None, "2026-03-29", text]], 3), schema)
