"""Numeric steps: arithmetic by column, in the order in which scikit-learn does it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import add, mul, sub, truediv
from typing import Any

import numpy as np

from scienceops.compiled.step import Array, Row, Step, numbers_of, step, to_array

#: Functions of one number that a step may name.
FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    name: getattr(np, name)
    for name in (
        "abs", "absolute", "cbrt", "ceil", "cos", "exp", "exp2", "expm1", "floor", "log", "log10",
        "log1p", "log2", "negative", "reciprocal", "rint", "sign", "sin", "sqrt", "square", "tan",
        "tanh",
    )
}  # fmt: skip


@step("scale")
@dataclass(frozen=True, eq=False)
class Scale(Step):
    """(x - minus) / divisor * factor + plus, then within [low, high]; what is None is left out."""

    minus: Array | None = None
    divisor: Array | None = None
    factor: Array | None = None
    plus: Array | None = None
    low: float | None = None
    high: float | None = None
    #: A function of two numbers and its second ones for each, as far as lists can have them.
    _of_row: list[tuple[Callable[[float, float], float], list[float]]] | None = field(
        init=False, repr=False
    )

    def __post_init__(self) -> None:
        acts = [(sub, self.minus), (truediv, self.divisor), (mul, self.factor), (add, self.plus)]
        given = [(act, array) for act, array in acts if array is not None]
        # Python does not divide by 0, and numpy has ways of its own to clip.
        by_zero = self.divisor is not None and not np.all(self.divisor)
        clips = self.low is not None or self.high is not None
        plain = not (by_zero or clips) and all(np.ndim(array) == 1 for _, array in given)
        of_row = [(act, array.tolist()) for act, array in given] if plain else None
        object.__setattr__(self, "_of_row", of_row)

    def __call__(self, given: Any) -> Array:
        """Array of the same shape."""
        array = to_array(given)
        if self.minus is not None:
            array = array - self.minus
        if self.divisor is not None:
            array = array / self.divisor
        if self.factor is not None:
            array = array * self.factor
        if self.plus is not None:
            array = array + self.plus
        if self.low is not None or self.high is not None:
            array = np.clip(array, self.low, self.high)
        return array

    def of_row(self, row: Row) -> Any:
        """The same."""
        numbers = numbers_of(row)
        if self._of_row is None:
            return super().of_row(numbers)
        for act, others in self._of_row:
            if len(others) != len(numbers):
                return super().of_row(numbers)
            numbers = list(map(act, numbers, others))
        return numbers


@step("impute")
@dataclass(frozen=True, eq=False)
class Impute(Step):
    """Missing numbers become `values` (columns,); then flags of missing for columns `flags`.

    kept: positions of the columns that stay, for those without any value in training are dropped.
    """

    values: Array
    kept: list[int]
    flags: list[int]
    _listed: list[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_listed", self.values.tolist())

    def __call__(self, given: Any) -> Array:
        """Array (rows, kept + flags)."""
        array = to_array(given)
        missing = np.isnan(array)
        filled = np.where(missing, self.values, array)[:, self.kept]
        if not self.flags:
            return filled
        return np.concatenate([filled, missing[:, self.flags].astype(np.float64)], axis=1)

    def of_row(self, row: Row) -> list[float]:
        """The same."""
        numbers, values = numbers_of(row), self._listed
        filled = [
            values[place] if math.isnan(numbers[place]) else numbers[place] for place in self.kept
        ]
        return filled + [float(math.isnan(numbers[place])) for place in self.flags]


@step("missing flags")
@dataclass(frozen=True, eq=False)
class MissingFlags(Step):
    """1.0 where one of the columns at `positions` is missing."""

    positions: list[int]

    def __call__(self, given: Any) -> Array:
        """Array (rows, positions)."""
        return np.isnan(to_array(given)[:, self.positions]).astype(np.float64)

    def of_row(self, row: Row) -> list[float]:
        """The same."""
        numbers = numbers_of(row)
        return [float(math.isnan(numbers[place])) for place in self.positions]


@step("apply")
@dataclass(frozen=True, eq=False)
class Apply(Step):
    """A numpy function of one number, by name."""

    function: str

    def __call__(self, given: Any) -> Array:
        """Array of the same shape."""
        return FUNCTIONS[self.function](to_array(given))


@step("threshold")
@dataclass(frozen=True, eq=False)
class Threshold(Step):
    """1.0 where a number is above the threshold."""

    threshold: float

    def __call__(self, given: Any) -> Array:
        """Array of the same shape."""
        return (to_array(given) > self.threshold).astype(np.float64)

    def of_row(self, row: Row) -> list[float]:
        """The same."""
        return [float(number > self.threshold) for number in numbers_of(row)]


@step("products")
@dataclass(frozen=True, eq=False)
class Products(Step):
    """Products of columns: each inner list names the columns of one, with repetition."""

    factors: list[list[int]]

    def __call__(self, given: Any) -> Array:
        """Array (rows, products); an empty product is 1."""
        array = to_array(given)
        out = np.ones((len(array), len(self.factors)))
        for index, positions in enumerate(self.factors):
            for position in positions:
                out[:, index] *= array[:, position]
        return out


@step("normalise")
@dataclass(frozen=True, eq=False)
class Normalise(Step):
    """Each row divided by its norm: `l1`, `l2` or `max`; a row of zeros stays."""

    norm: str

    def __call__(self, given: Any) -> Array:
        """Array of the same shape."""
        # Numpy adds what lies apart in another order, as it would for many rows and not for one.
        array = np.ascontiguousarray(to_array(given))
        if self.norm == "l1":
            size = np.abs(array).sum(axis=1)
        elif self.norm == "l2":
            size = np.sqrt((array * array).sum(axis=1))
        else:
            size = np.abs(array).max(axis=1)
        result: Array = array / np.where(size == 0.0, 1.0, size)[:, None]
        return result


@step("bins")
@dataclass(frozen=True, eq=False)
class Bins(Step):
    """Index of the bin between inner edges (each column its own); one-hot if asked."""

    edges: list[Array]
    one_hot: bool

    def __call__(self, given: Any) -> Array:
        """Array (rows, columns), or (rows, all bins) when one-hot."""
        array = to_array(given)
        codes = [
            np.searchsorted(edges, array[:, index], side="right")
            for index, edges in enumerate(self.edges)
        ]
        if not self.one_hot:
            return np.stack(codes, axis=1).astype(np.float64)
        parts = [
            np.eye(len(edges) + 1)[code] for code, edges in zip(codes, self.edges, strict=True)
        ]
        return np.concatenate(parts, axis=1)
