"""Columns: the values of a call by column, checked at a glance where nothing can be wrong."""

import math
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec.structs import astuple

from scienceops.core.schema import Column, Schema
from scienceops.core.table import FEW_ROWS, Table

_MISSING = type(None)
_DOUBLE = struct.Struct("d")
#: Rows that become columns at a time, so that they stay in the processor's caches meanwhile.
ROWS_AT_ONCE = 256
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


def columns_of_rows(rows: Sequence[Any], columns: Sequence[Column]) -> list[Any] | None:
    """The columns of many rows, of numbers as arrays; None where one of these is not finite.

    rows: Structs with a field for each column, in their order and each of its type.
    """
    import numpy as np

    count = len(rows)
    lines = {n: line for line, n in enumerate(_numbers_among(columns))}
    numbers = np.empty((len(lines), count))
    made: list[Any] = [[] for _ in columns]
    for start in range(0, count, ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        layout = f"{len(some)}d"
        for place, values in enumerate(zip(*map(astuple, some), strict=True)):
            if place in lines:
                at = (lines[place] * count + start) * _DOUBLE.size
                struct.pack_into(layout, numbers.data, at, *values)
            else:
                made[place] += values
    if not np.isfinite(numbers).all():
        return None
    for place, column in enumerate(columns):
        if place in lines:
            made[place] = numbers[lines[place]]
        elif column.type == "number" and None not in made[place]:
            made[place] = array_of(made[place], count)
            if made[place] is None:
                return None
    return made


def _numbers_among(columns: Sequence[Column]) -> Iterator[int]:
    """Places of those whose values are numbers, none of them missing."""
    return (n for n, c in enumerate(columns) if c.type == "number" and not c.nullable)


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
