"""Steps: what a compiled model is made of, and what passes between them."""

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from scienceops.core.table import Table

Array = NDArray[Any]
#: One row by itself: its values as a Table has them, or the numbers that a step made of them.
Row = tuple[Any, ...] | list[float]
_Class = TypeVar("_Class", bound=type)

#: Numbers of one row that are a list: up to so many, lists cost less than arrays.
MOST_LISTED = 64
#: Name in a file -> class of the step.
STEPS: dict[str, type["Step"]] = {}


class Refused(ValueError):
    """The model does not take this row, as its original would not."""


@dataclass(frozen=True, eq=False)
class Step:
    """Makes something of what comes to it; calling it changes nothing in it."""

    def __call__(self, given: Any) -> Any:
        """What it makes of a Table, an array (rows, columns) or SparseRows."""
        raise NotImplementedError

    def of_row(self, row: Row) -> Any:
        """The same, to the bit, of one row: a Row, unless there is too much in it for a list.

        A step that does without numpy here saves more than its arithmetic takes: between two calls
        the processor's caches have forgotten numpy's code, of which each function brings its own.
        """
        return listed(self(unlisted(row)))


def step(name: str) -> Any:
    """Register a dataclass of a Step under its name in files."""

    def register(kind: _Class) -> _Class:
        STEPS[name] = kind
        return kind

    return register


def name_of(made: Step) -> str:
    """The name that its class is registered under."""
    return next(name for name, kind in STEPS.items() if kind is type(made))


# Not frozen, as a Table is not.
@dataclass(slots=True, eq=False)
class SparseRows:
    """Rows that are mostly zero, one after another.

    columns, values: of what is not zero, within a row by column. lengths: how many of these each
    row has.
    """

    columns: Array
    values: Array
    lengths: list[int]
    width: int

    def parts(self) -> list[slice]:
        """Where each row is."""
        ends = list(accumulate(self.lengths))
        return list(map(slice, [0, *ends], ends))

    def dense(self) -> Array:
        """The same as an array (rows, width)."""
        out = np.zeros((len(self.lengths), self.width))
        out[np.repeat(np.arange(len(self.lengths)), self.lengths), self.columns] = self.values
        return out


@dataclass(slots=True, eq=False)
class Classified:
    """What a classifier says of n rows.

    winners: index of each row's class (n,). shares: (n, classes), or None without probabilities.
    """

    winners: Array
    shares: Array | None = None


@dataclass(slots=True, eq=False)
class OneClassified:
    """The same of one row."""

    winner: int
    shares: list[float] | None = None


def is_missing(value: Any) -> bool:
    """Whether a value is None or NaN."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def to_array(given: Any) -> Array:
    """What a step was given, as an array (rows, columns) of float64."""
    if isinstance(given, np.ndarray):
        return given
    if isinstance(given, Table):
        # None becomes NaN, as it does on the way through a DataFrame.
        return np.array(given.columns, dtype=np.float64).T
    array: Array = given.dense()
    return array


def numbers_of(row: Row) -> list[float]:
    """The values of one row, as floats; NaN where one is missing."""
    if type(row) is list:
        return row
    return [math.nan if value is None else float(value) for value in row]


def unlisted(row: Row) -> Any:
    """A row as steps take many of them."""
    if type(row) is list:
        return np.array([row])
    return Table([[value] for value in row], 1)


def listed(made: Any) -> Any:
    """What a step made of one row, as a list if that is an array of a few numbers."""
    if isinstance(made, np.ndarray) and made.ndim == 2 and made.shape[1] <= MOST_LISTED:
        return made[0].tolist()
    return made
