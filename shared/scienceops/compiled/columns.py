"""Column steps: choose columns, put results side by side, one step after another."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scienceops.compiled.step import (
    MOST_LISTED,
    Array,
    Refused,
    Row,
    SparseRows,
    Step,
    listed,
    numbers_of,
    step,
    to_array,
    unlisted,
)
from scienceops.core.table import ROWS_TOGETHER, Table

#: Types of a Row.
_ROWS = (list, tuple)


@step("columns")
@dataclass(frozen=True, eq=False)
class Columns(Step):
    """Some columns of a Table or of an array, by position."""

    positions: list[int]
    #: What takes them: a slice, where they follow each other, for that copies nothing.
    _places: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        first = self.positions[0] if self.positions else 0
        run = range(first, first + len(self.positions))
        follow = self.positions == list(run)
        places = slice(run.start, run.stop) if follow else np.array(self.positions, dtype=np.intp)
        object.__setattr__(self, "_places", places)

    def __call__(self, given: Any) -> Any:
        """The same kind of thing with these columns only."""
        if isinstance(given, Table):
            return Table([given.columns[position] for position in self.positions], given.count)
        return to_array(given)[:, self._places]

    def of_row(self, row: Row) -> Row:
        """The same."""
        if type(row) is list:
            return [row[position] for position in self.positions]
        return tuple([row[position] for position in self.positions])


@step("numbers")
@dataclass(frozen=True, eq=False)
class Numbers(Step):
    """Every column as float64, missing as NaN."""

    def __call__(self, given: Any) -> Array:
        """Array (rows, columns)."""
        return to_array(given)

    def of_row(self, row: Row) -> list[float]:
        """The same."""
        return numbers_of(row)


@step("finite")
@dataclass(frozen=True, eq=False)
class Finite(Step):
    """Refuses what the original refuses: missing or infinite numbers, or those past float32.

    single: the original works in float32. missing: NaN is let through.
    """

    single: bool = False
    missing: bool = False

    def __call__(self, given: Any) -> Array:
        """The numbers; raises Refused."""
        array = to_array(given)
        if self.single:
            array = array.astype(np.float32).astype(np.float64)
        flat = array.ravel()
        # One product tells of most that nothing in them is NaN or infinite.
        if math.isfinite(flat.dot(flat)):
            return array
        fine = np.isfinite(array)
        if self.missing:
            fine |= np.isnan(array)
        if not fine.all():
            row, column = map(int, np.argwhere(~fine)[0])
            what = "a missing value" if np.isnan(array[row, column]) else "too large a number"
            raise Refused(f"row {row} has {what} in the model's column {column}")
        return array

    def of_row(self, row: Row) -> Any:
        """The same."""
        numbers = numbers_of(row)
        if not self.single and all(map(math.isfinite, numbers)):
            return numbers
        return super().of_row(numbers)


@step("chain")
@dataclass(frozen=True, eq=False)
class Chain(Step):
    """One step after another."""

    steps: list[Step]

    def __call__(self, given: Any) -> Any:
        """What the last one makes."""
        for part in self.steps:
            given = part(given)
        return given

    def of_row(self, row: Row) -> Any:
        """The same."""
        given: Any = row
        for part in self.steps:
            given = part.of_row(given) if type(given) in _ROWS else listed(part(given))
        return given


@step("beside")
@dataclass(frozen=True, eq=False)
class Beside(Step):
    """Several steps given the same; their columns side by side.

    weights: factor of each part's columns, as transformers of a ColumnTransformer may have.
    """

    steps: list[Step]
    weights: list[float] | None = None

    def __call__(self, given: Any) -> Array:
        """Array (rows, all their columns)."""
        return self._joined([part(given) for part in self.steps])

    def of_row(self, row: Row) -> Any:
        """The same."""
        parts = [part.of_row(row) for part in self.steps]
        if self.weights is None and all(type(part) is list for part in parts):
            return [number for part in parts for number in part]
        return listed(self._joined([unlisted(p) if type(p) in _ROWS else p for p in parts]))

    def _joined(self, made: list[Any]) -> Array:
        parts = [to_array(part) for part in made]
        if self.weights is not None:
            parts = [part * weight for part, weight in zip(parts, self.weights, strict=True)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


@step("linear")
@dataclass(frozen=True, eq=False)
class Linear(Step):
    """x @ coefficients.T + intercept: coefficients (outputs, columns), intercept (outputs,)."""

    coefficients: Array
    intercept: Array
    _as_row: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # Arrays of as many dimensions are added in half the time.
        object.__setattr__(self, "_as_row", np.atleast_2d(self.intercept))

    def __call__(self, given: Any) -> Array:
        """Array (rows, outputs)."""
        if isinstance(given, SparseRows):
            # Adding up the few that are not zero, in the order of their columns.
            factors, columns, values = self.coefficients, given.columns, given.values
            dots = [factors[:, columns[part]] @ values[part] for part in given.parts()]
            return np.array(dots).reshape(len(dots), -1) + self._as_row
        rows = to_array(given)
        if 1 < len(rows) <= ROWS_TOGETHER:
            # A product of matrices rounds otherwise than one of a row, and what is answered to a
            # row must not depend on the calls that it came with.
            rows = np.ascontiguousarray(rows)[:, None, :]
            return (rows @ self.coefficients.T)[:, 0] + self._as_row
        product: Array = rows @ self.coefficients.T + self._as_row
        return product

    def of_row(self, row: Row) -> Any:
        """The same."""
        scores = np.array(numbers_of(row)) @ self.coefficients.T + self.intercept
        return scores.tolist() if len(scores) <= MOST_LISTED else scores[None]
