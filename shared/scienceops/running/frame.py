"""Rows as a DataFrame: the dtypes that the model saw in training."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import numpy as np
import pandas as pd

from scienceops.core.manifest import ModelInput
from scienceops.core.schema import Column, Schema
from scienceops.core.table import Table
from scienceops.errors import BadRows


def table_to_frame(table: Table, schema: Schema) -> pd.DataFrame:
    """The rows, with the schema's columns in its order.

    Numbers are float64; integers int64, or float64 with NaN when the column is nullable, as
    pandas reads such a column; strings are objects with NaN where missing; date-times are
    datetime64[ns] in UTC without a zone. Raises BadRows for one that these do not hold.
    """
    columns = {
        column.name: _to_array(column, values)
        for column, values in zip(schema.columns, table.columns, strict=True)
    }
    return pd.DataFrame(columns, index=range(table.count), copy=False)


def to_times(
    texts: "pd.Series[Any]", errors: Literal["raise", "coerce"] = "raise"
) -> "pd.Series[Any]":
    """Moments of ISO 8601 date-times, datetime64[ns, UTC]; one without an offset is in UTC.

    errors: of moments that 64 bits of nanoseconds do not hold, `coerce` makes NaT.

    >>> to_times(pd.Series(["2026-03-29T02:30+02:00", "2026-03-29T02:30"])).dt.hour.tolist()
    [0, 2]
    """
    bare = np.array([_has_no_offset(text) for text in texts], dtype=bool)
    # Apart, for pandas 2 takes a time without an offset to have that of the one before it.
    parts = [
        _parsed(texts[chosen], errors) for chosen in (bare, ~bare) if chosen.any() or not len(texts)
    ]
    times = parts[0] if len(parts[0]) == len(texts) else pd.concat(parts).reindex(texts.index)
    return times.astype("datetime64[ns, UTC]")


def _parsed(texts: "pd.Series[Any]", errors: Literal["raise", "coerce"]) -> "pd.Series[Any]":
    try:
        return pd.to_datetime(texts, format="ISO8601", utc=True)
    except ValueError:
        # Weeks, and seconds after a comma, are ISO 8601 as well, which a schema takes.
        plain = texts.map(
            lambda text: datetime.fromisoformat(text).isoformat() if isinstance(text, str) else text
        )
        return pd.to_datetime(plain, format="ISO8601", utc=True, errors=errors)


def _has_no_offset(text: object) -> bool:
    return isinstance(text, str) and datetime.fromisoformat(text).tzinfo is None


def as_input(frame: pd.DataFrame, form: ModelInput) -> Any:
    """What the estimator takes: the frame, its only column, or the values alone."""
    if form == "column":
        return frame.iloc[:, 0]
    return frame if form == "frame" else frame.to_numpy()


def _to_array(column: Column, values: Sequence[Any]) -> Any:
    if column.type == "number" or (column.type == "integer" and column.nullable):
        return np.array(values, dtype=np.float64)
    if column.type == "integer":
        return np.array(values, dtype=np.int64)
    if column.type == "boolean" and not column.nullable:
        return np.array(values, dtype=np.bool_)
    if column.type == "datetime":
        return _to_times_of(column, pd.Series(values, dtype=object)).dt.tz_localize(None)
    # NaN, not None, is what pandas puts where text is missing, so encoders have learnt that.
    array = np.empty(len(values), dtype=object)
    array[:] = [np.nan if value is None else value for value in values]
    return array


def _to_times_of(column: Column, texts: "pd.Series[Any]") -> "pd.Series[Any]":
    times = to_times(texts, "coerce")
    lost = texts[times.isna() & texts.notna()]
    if lost.empty:
        return times
    fault = {"row": int(lost.index[0]), "column": column.name, "problem": "out of range"}
    raise BadRows(
        [{**fault, "got": lost.iloc[0], "wanted": "a date-time from 1677-09-22 to 2262-04-11"}]
    )
