"""Columns: the values of a call by column, checked at a glance where nothing can be wrong."""

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec

from scienceops.core.schema import Column, Schema
from scienceops.core.table import FEW_ROWS, Table

_MISSING = type(None)
_DOUBLE = struct.Struct("d")
_Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
#: What a value of a column is, where it is not missing.
VALUE_TYPES: dict[str, Any] = {
    "number": float,
    "integer": _Int64,
    "boolean": bool,
    "string": str,
    "datetime": str,
}


def table_at_a_glance(columns: Mapping[str, Sequence[Any]], schema: Schema) -> Table | None:
    """The table of columns that `Schema.check_rows` would take; None if only that can tell.

    columns: name -> JSON values, as many in each.
    """
    lengths = set(map(len, columns.values()))
    known = {column.name for column in schema.columns}
    if len(lengths) != 1 or not columns.keys() <= known:
        return None
    (count,) = lengths
    if not count:
        return None
    checked = []
    for column in schema.columns:
        values = columns.get(column.name)
        if values is None:
            if not column.nullable:
                return None
            values = [None] * count
        found = _checked(column, values)
        if found is None:
            return None
        checked.append(found)
    return Table(checked, count)


def array_of(values: Iterable[float], count: int) -> Any:
    """So many numbers as an array of float64; None where one is not finite."""
    import numpy as np

    # Packed, they take half the time that numpy takes to go through them.
    packed = bytearray(count * _DOUBLE.size)
    try:
        struct.pack_into(f"{count}d", packed, 0, *values)
    except struct.error:
        # A whole number that no float can be.
        return None
    array = np.frombuffer(packed, np.float64)
    return array if np.isfinite(array).all() else None


def _checked(column: Column, values: Sequence[Any]) -> Any:
    kinds = set(map(type, values))
    if _MISSING in kinds and not column.nullable:
        return None
    here = kinds - {_MISSING}
    if column.type == "number":
        return _numbers(values, here, missing=_MISSING in kinds)
    if column.type == "integer":
        return values if here <= {int} and _fit(values) else None
    if column.type == "boolean":
        return values if here <= {bool} else None
    if not here <= {str} or not _are_text(values):
        return None
    return values if column.type == "string" or are_times(values) else None


def _numbers(values: Sequence[Any], kinds: set[type], *, missing: bool) -> Any:
    if not kinds <= {float, int}:
        return None
    if not missing and len(values) > FEW_ROWS:
        return array_of(values, len(values))
    try:
        numbers = [None if value is None else float(value) for value in values]
    except OverflowError:
        return None
    return numbers if all(n is None or math.isfinite(n) for n in numbers) else None


def _fit(values: Sequence[Any]) -> bool:
    """Whether whole numbers have 64 bits at most."""
    here = [value for value in values if value is not None]
    return not here or (min(here) >= -(2**63) and max(here) < 2**63)


def _are_text(values: Sequence[Any]) -> bool:
    """Whether no half of a surrogate pair is among the characters."""
    try:
        "".join(value for value in values if value is not None).encode()
    except UnicodeEncodeError:
        return False
    return True


def are_times(values: Sequence[Any]) -> bool:
    """Whether each text is an ISO 8601 date-time."""
    try:
        for value in values:
            if value is not None:
                datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
