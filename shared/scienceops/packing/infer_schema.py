"""Infer a schema: what the columns of a DataFrame are, which values they had in training."""

from typing import Any

import pandas as pd

from scienceops.core.schema import Column, ColumnType, Schema
from scienceops.errors import BadSchema

#: A text column is a category when it repeats itself: few values, each seen often.
MOST_CATEGORIES = 100
ROWS_PER_CATEGORY = 3


def as_frame(data: Any) -> pd.DataFrame:
    """A DataFrame of what a notebook has: a DataFrame, a Series, an array or a list of dicts."""
    if isinstance(data, pd.DataFrame):
        frame = data.reset_index(drop=True)
    elif isinstance(data, pd.Series):
        frame = data.reset_index(drop=True).to_frame(data.name or "text")
    else:
        frame = pd.DataFrame(data)
    if frame.empty:
        raise BadSchema("no rows to learn the schema from: give at least one")
    # An array has numbers for names; JSON keys are text.
    frame.columns = [f"x{c}" if isinstance(c, int) else str(c) for c in frame.columns]
    return frame


def infer_schema(frame: pd.DataFrame) -> Schema:
    """The schema of the columns, in their order; raises BadSchema for a type no JSON row can carry.

    nullable: some value is missing. minimum, maximum, categories: those of these rows.
    """
    return Schema(tuple(_column(str(name), frame[name]) for name in frame.columns))


def to_rows(frame: pd.DataFrame, schema: Schema) -> list[dict[str, Any]]:
    """The rows as JSON values, missing ones as None."""
    columns = {c.name: [_plain(v, c.type) for v in frame[c.name]] for c in schema.columns}
    return [{name: columns[name][i] for name in columns} for i in range(len(frame))]


def _column(name: str, values: "pd.Series[Any]") -> Column:
    present = values.dropna()
    nullable = len(present) < len(values)
    kind = _type_of(name, present)
    if kind in ("number", "integer"):
        low, high = (float(present.min()), float(present.max())) if len(present) else (None, None)
        return Column(name, kind, nullable, minimum=low, maximum=high)
    return Column(name, kind, nullable, _categories(values, present) if kind == "string" else None)


def _type_of(name: str, present: "pd.Series[Any]") -> ColumnType:
    types = pd.api.types
    if types.is_bool_dtype(present.dtype):
        return "boolean"
    if types.is_integer_dtype(present.dtype):
        return "integer"
    if types.is_numeric_dtype(present.dtype):
        return "number"
    if types.is_datetime64_any_dtype(present.dtype):
        return "datetime"
    found = {type(value) for value in present}
    if found == {bool}:
        return "boolean"
    if found <= {str}:
        return "string"
    if found <= {int, float}:
        return "number"
    names = ", ".join(sorted(kind.__name__ for kind in found))
    raise BadSchema(
        f"column {name!r} holds {names}: wanted numbers, booleans, text or date-times; "
        "convert the column before packing"
    )


def _categories(values: "pd.Series[Any]", present: "pd.Series[Any]") -> tuple[str, ...] | None:
    seen = tuple(sorted(set(present)))
    if isinstance(values.dtype, pd.CategoricalDtype):
        return tuple(sorted(str(c) for c in values.cat.categories))
    few = len(seen) <= MOST_CATEGORIES and len(seen) * ROWS_PER_CATEGORY <= len(present)
    return seen if few else None


def _plain(value: Any, kind: ColumnType) -> Any:
    if pd.isna(value):
        return None
    if kind == "datetime":
        return pd.Timestamp(value).isoformat()
    return {"number": float, "integer": int, "boolean": bool, "string": str}[kind](value)
