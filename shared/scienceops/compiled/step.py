"""Steps: what a compiled model is made of, and what passes between them."""

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from scienceops.core.table import Table

Array = NDArray[Any]
_Class = TypeVar("_Class", bound=type)

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
    decision: its decision function, (n,) or (n, classes), or None without one.
    """

    winners: Array
    shares: Array | None = None
    decision: Array | None = None


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
