"""Infer the schema: columns, types, missing values, categories and training ranges from data."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from scienceops.core.schema import Column, ColumnType, Schema
from scienceops.errors import BadSchema

#: A string column is a category when it has at most this many distinct values, and each came
#: at least twice on average; otherwise it is free text.
MOST_CATEGORIES = 100


def as_frame(data: Any, names: Sequence[str] | None = None) -> pd.DataFrame:
    """Rows of any common form as a DataFrame whose column names are text.

    data: DataFrame; Series or list of values (one column, named "text" if it has no name); list
    of dicts; array of shape (rows,) or (rows, columns), named by `names` or x0, x1, ...
    Raises BadSchema for anything else and for no rows.
    """
    if isinstance(data, pd.DataFrame):
        frame = data.copy(deep=False)
    elif isinstance(data, pd.Series):
        frame = data.to_frame(name=data.name or "text")
    elif isinstance(data, list | tuple) and all(isinstance(row, dict) for row in data):
        frame = pd.DataFrame(list(data))
    elif isinstance(data, list | tuple) and all(isinstance(row, str) for row in data):
        frame = pd.DataFrame({"text": list(data)})
    elif isinstance(data, list | tuple | np.ndarray) and np.ndim(data) in (1, 2):
        frame = _from_array(np.asarray(data), names)
    else:
        raise BadSchema(
            f"{type(data).__name__} is no table: give a DataFrame, a list of dicts, a list of "
            "texts or an array of shape (rows, columns)"
        )
    if len(frame) == 0:
        raise BadSchema("the data has no rows: give at least one, better a few hundred")
    frame.columns = pd.Index([str(name) for name in frame.columns])
    return frame.reset_index(drop=True)


def _from_array(values: Any, names: Sequence[str] | None) -> pd.DataFrame:
    if values.ndim == 1:
        return pd.DataFrame({"text" if values.dtype.kind in "OU" else "x0": values})
    if names is None or len(names) != values.shape[1]:
        names = [f"x{index}" for index in range(values.shape[1])]
    return pd.DataFrame(values, columns=list(names)).infer_objects()


def infer_schema(frame: pd.DataFrame, *, also: pd.DataFrame | None = None) -> Schema:
    """The schema of a frame's columns; raises BadSchema naming a column it cannot describe.

    also: more rows with the same columns, such as the sample beside the training data; they add
    missing values to what a column may have, not categories and not range.

    >>> infer_schema(pd.DataFrame({"age": [30, 41], "note": ["a", None]})).columns[1]
    Column(name='note', type='string', nullable=True, categories=None, minimum=None, maximum=None)
    """
    columns = []
    for name in frame.columns:
        nullable = bool(frame[name].isna().any())
        if also is not None:
            nullable = nullable or bool(also[name].isna().any())
        columns.append(_infer_column(str(name), frame[name], nullable))
    return Schema(tuple(columns))


def _infer_column(name: str, values: pd.Series, nullable: bool) -> Column:
    present = values.dropna()
    is_declared = isinstance(values.dtype, pd.CategoricalDtype)
    if is_declared:
        present = present.astype(values.dtype.categories.dtype)
    kind = _type_of(name, present)
    if kind in ("number", "integer"):
        low, high = (float(present.min()), float(present.max())) if len(present) else (None, None)
        if low is not None and high is not None and not np.isfinite([low, high]).all():
            raise BadSchema(f"column {name!r} holds infinity: replace it before training")
        return Column(name, kind, nullable, minimum=low, maximum=high)
    if kind != "string":
        return Column(name, kind, nullable)
    if is_declared:
        return Column(name, kind, nullable, tuple(str(c) for c in values.dtype.categories))
    distinct = sorted(set(present))
    few = len(distinct) <= MOST_CATEGORIES and 2 * len(distinct) <= len(present)
    return Column(name, kind, nullable, tuple(distinct) if few else None)


def _type_of(name: str, present: pd.Series) -> ColumnType:
    if pd.api.types.is_bool_dtype(present.dtype):
        return "boolean"
    if pd.api.types.is_integer_dtype(present.dtype):
        return "integer"
    if pd.api.types.is_float_dtype(present.dtype):
        return "number"
    if pd.api.types.is_datetime64_any_dtype(present.dtype):
        return "datetime"
    if not len(present):
        raise BadSchema(
            f"column {name!r} has no value to tell its type from: drop it, or give training_data "
            "in which it has one"
        )
    if all(isinstance(value, bool | np.bool_) for value in present):
        return "boolean"
    if all(isinstance(value, str) for value in present):
        return "string"
    if all(isinstance(v, int | float | np.number) and not isinstance(v, bool) for v in present):
        whole = all(isinstance(value, int | np.integer) for value in present)
        return "integer" if whole else "number"
    odd = next(value for value in present if not isinstance(value, str))
    raise BadSchema(
        f"column {name!r} holds {type(odd).__name__} {odd!r:.40}: wanted numbers, booleans, text "
        "or date-times, one kind in a column; convert it before training"
    )
