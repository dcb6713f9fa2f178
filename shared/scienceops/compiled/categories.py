"""Category steps: values become positions or numbers by looking them up."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scienceops.compiled.step import (
    MOST_LISTED,
    Array,
    Refused,
    Row,
    Step,
    is_missing,
    step,
    to_array,
)
from scienceops.core.table import Table

#: In place of a position: a category that is refused.
_REFUSED = -2


def _columns(given: Any) -> Sequence[Sequence[Any]]:
    if isinstance(given, Table):
        return given.columns
    columns: list[list[Any]] = to_array(given).T.tolist()
    return columns


def _lookup(values: Sequence[Any], found: Sequence[Any]) -> dict[Any, Any]:
    return dict(zip(values, found, strict=True))


def _found(values: Sequence[Any], lookup: dict[Any, Any], unknown: Any) -> list[Any]:
    """What the lookup has for each value, `unknown` for one that it does not have."""
    try:
        # Nearly always all are known, and then nothing is asked of each.
        return list(map(lookup.__getitem__, values))
    except KeyError:
        found = list(map(lookup.get, values))
        missing = lookup.get(None, unknown)
        for row, one in enumerate(found):
            if one is None:
                # NaN, which is how a missing number looks further on, is no key: it is not equal
                # to itself.
                found[row] = missing if is_missing(values[row]) else unknown
    return found


def _found_one(value: Any, lookup: dict[Any, Any], unknown: Any) -> Any:
    """The same for one value."""
    found = lookup.get(value)
    if found is not None:
        return found
    return lookup.get(None, unknown) if is_missing(value) else unknown


def _unknown(values: Sequence[Any], row: int) -> Refused:
    return Refused(f"row {row} has the unknown category {values[row]!r}")


@step("one hot")
@dataclass(frozen=True, eq=False)
class OneHot(Step):
    """A column of its own for each category.

    categories: per column, the known values, None for missing. positions: per column, the output
    column of each of them, -1 for none. unknown: per column, the output column of a value that is
    not known, -1 for none, -2 to refuse it. width: number of output columns.
    """

    categories: list[list[Any]]
    positions: list[list[int]]
    unknown: list[int]
    width: int
    _lookups: list[dict[Any, int]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        pairs = zip(self.categories, self.positions, strict=True)
        object.__setattr__(self, "_lookups", [_lookup(*pair) for pair in pairs])

    def __call__(self, given: Any) -> Array:
        """Array (rows, width); raises Refused."""
        columns = _columns(given)
        out = np.zeros((len(columns[0]), self.width))
        for values, lookup, unknown in zip(columns, self._lookups, self.unknown, strict=True):
            found = _found(values, lookup, unknown)
            if len(found) == 1:
                if found[0] >= 0:
                    out[0, found[0]] = 1.0
                least = found[0]
            else:
                positions = np.array(found, dtype=np.intp)
                rows = np.flatnonzero(positions >= 0)
                out[rows, positions[rows]] = 1.0
                least = positions.min(initial=0)
            if least == _REFUSED:
                raise _unknown(values, found.index(_REFUSED))
        return out

    def of_row(self, row: Row) -> Any:
        """The same."""
        if self.width > MOST_LISTED:
            return super().of_row(row)
        out = [0.0] * self.width
        for value, lookup, unknown in zip(row, self._lookups, self.unknown, strict=True):
            position = _found_one(value, lookup, unknown)
            if position >= 0:
                out[position] = 1.0
            elif position == _REFUSED:
                raise _unknown([value], 0)
        return out


@step("codes")
@dataclass(frozen=True, eq=False)
class Codes(Step):
    """A number in place of each category.

    categories: per column, the known values, None for missing. numbers: per column, the number of
    each of them. unknown: the number of a value that is not known, None to refuse it.
    """

    categories: list[list[Any]]
    numbers: list[list[float | None]]
    unknown: list[float | None]
    refuses: bool
    #: Per column, the number of each value, and that of one that is not known.
    _lookups: list[tuple[dict[Any, float], float | None]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        columns = zip(self.categories, self.numbers, self.unknown, strict=True)
        lookups = [
            (_lookup(known, list(map(_number, numbers))), None if self.refuses else _number(other))
            for known, numbers, other in columns
        ]
        object.__setattr__(self, "_lookups", lookups)

    def __call__(self, given: Any) -> Array:
        """Array (rows, columns); raises Refused."""
        columns = _columns(given)
        count = len(columns[0])
        coded, layout = np.empty((len(columns), count)), f"{count}d"
        for line, values, (lookup, unknown) in zip(coded, columns, self._lookups, strict=True):
            found = _found(values, lookup, unknown)
            if unknown is None and None in found:
                raise _unknown(values, found.index(None))
            # Packed, they take a third of the time that numpy takes to go through them.
            struct.pack_into(layout, line.data, 0, *found)
        return coded.T.copy()

    def of_row(self, row: Row) -> list[float]:
        """The same."""
        coded = []
        for value, (lookup, unknown) in zip(row, self._lookups, strict=True):
            number = _found_one(value, lookup, unknown)
            if number is None:
                raise _unknown([value], 0)
            coded.append(float(number))
        return coded


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


@step("fill categories")
@dataclass(frozen=True, eq=False)
class FillCategories(Step):
    """Missing values of each column become `values`; the columns stay as they are otherwise."""

    values: list[Any]

    def __call__(self, given: Any) -> Table:
        """A Table."""
        columns = [
            [fill if is_missing(value) else value for value in column]
            for column, fill in zip(_columns(given), self.values, strict=True)
        ]
        return Table(columns, len(columns[0]))

    def of_row(self, row: Row) -> Row:
        """The same."""
        pairs = zip(row, self.values, strict=True)
        return tuple([fill if is_missing(value) else value for value, fill in pairs])
