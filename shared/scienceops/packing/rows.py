"""Rows: a DataFrame as the JSON rows that a client of the service would send."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from scienceops.core.sample import MOST_ROWS
from scienceops.core.schema import Column, ColumnType, Schema


def _whole(value: Any) -> Any:
    # A fraction stays one, so that the schema check can name it.
    return int(value) if float(value).is_integer() else float(value)


_CONVERT: dict[ColumnType, Callable[[Any], Any]] = {
    "number": float,
    "integer": _whole,
    "boolean": bool,
    "string": str,
    "datetime": lambda value: pd.Timestamp(value).isoformat(),
}


def frame_to_rows(frame: pd.DataFrame, schema: Schema) -> list[dict[str, Any]]:
    """One dict a row with the schema's columns; missing values are None, date-times ISO 8601."""
    columns = {c.name: json_values(frame[c.name], c) for c in schema.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def json_values(values: pd.Series, column: Column) -> list[Any]:
    """A column's values as they are sent and captured, None where missing.

    >>> json_values(pd.Series([1.0, None]), Column("age", "integer", nullable=True))
    [1, None]
    """
    convert = _CONVERT[column.type]
    missing = values.isna().tolist()
    return [
        None if gone else convert(value)
        for value, gone in zip(values.tolist(), missing, strict=True)
    ]


def choose_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """At most MOST_ROWS of the rows, evenly spaced, because data often comes sorted by class."""
    if len(frame) <= MOST_ROWS:
        return frame
    chosen = np.linspace(0, len(frame) - 1, MOST_ROWS).round().astype(int)
    return frame.iloc[chosen].reset_index(drop=True)
