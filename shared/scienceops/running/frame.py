"""Rows as a DataFrame: the dtypes that the model saw in training."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from scienceops.core.manifest import ModelInput
from scienceops.core.schema import Column, Schema
from scienceops.core.table import Table


def table_to_frame(table: Table, schema: Schema) -> pd.DataFrame:
    """The rows, with the schema's columns in its order.

    Numbers are float64; integers int64, or float64 with NaN when the column is nullable, as
    pandas reads such a column; strings are objects with NaN where missing; date-times are
    datetime64[ns] in UTC without a zone.
    """
    columns = {
        column.name: _to_array(column, values)
        for column, values in zip(schema.columns, table.columns, strict=True)
    }
    return pd.DataFrame(columns, index=range(table.count), copy=False)


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
        times = pd.to_datetime(pd.Series(values, dtype=object), format="ISO8601", utc=True)
        return times.dt.tz_localize(None).astype("datetime64[ns]")
    # NaN, not None, is what pandas puts where text is missing, so encoders have learnt that.
    array = np.empty(len(values), dtype=object)
    array[:] = [np.nan if value is None else value for value in values]
    return array
