"""Forest: the sum of many trees, by the faster of two ways of walking them."""

import math
from array import array
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scienceops.compiled.leaf_masks import UNCHECKED, LeafMasks, fits_masks
from scienceops.compiled.step import (
    Array,
    Refused,
    Row,
    Step,
    numbers_of,
    step,
    to_array,
)
from scienceops.compiled.tree_walk import TreeWalk
from scienceops.errors import BadPackage

#: Leaves that are looked for at a time, so that what is gathered for them stays in the cache.
LEAVES_AT_ONCE = 128 * 1024
#: Up to so many values of a leaf are taken one by one, more together.
_FEW_VALUES = 8
#: Of trees: the kinds of numbers in each array, and its dimensions.
_ARRAYS = {
    "starts": ("i", 1),
    "feature": ("i", 1),
    "threshold": ("f", 1),
    "left": ("i", 1),
    "right": ("i", 1),
    "missing_left": ("b", 1),
    "category": ("i", 1),
    "goes_left": ("b", 2),
}


@dataclass(frozen=True, eq=False)
class Trees:
    """Nodes of all trees, one after another, each tree from its root, children after parents.

    starts: first node of each tree, and one past the last. feature: column that a node asks for,
    -1 at a leaf. threshold: up to it the way goes left. left, right: the children, counted from
    the tree's own root. missing_left: whether NaN goes left. category: row of `goes_left` for a
    node that asks for a category, else -1. goes_left (nodes of that kind, categories): whether the
    category of that number goes left; any other value goes as NaN does.
    """

    starts: Array
    feature: Array
    threshold: Array
    left: Array
    right: Array
    missing_left: Array
    category: Array
    goes_left: Array

    @property
    def count(self) -> int:
        """How many trees."""
        return len(self.starts) - 1

    def check(self) -> None:
        """Raise BadPackage unless every array is of its kind, and every index points inside."""
        for name, (kinds, dimensions) in _ARRAYS.items():
            array = getattr(self, name)
            if array.dtype.kind not in kinds or array.ndim != dimensions:
                raise _broken(f"its {name} is {array.dtype} of {array.ndim} dimensions")
        size = len(self.feature)
        names = ("threshold", "left", "right", "missing_left", "category")
        fits = all(len(getattr(self, name)) == size for name in names)
        if not fits or self.count < 1 or self.starts[0] != 0 or self.starts[-1] != size:
            raise _broken("its arrays do not belong together")
        if (np.diff(self.starts) < 1).any():
            raise _broken("a tree has no node")
        inner = self.feature >= 0
        length = np.repeat(np.diff(self.starts), np.diff(self.starts))
        own = np.arange(size) - np.repeat(self.starts[:-1], np.diff(self.starts))
        for child in (self.left, self.right):
            # Children come after their parent, so that every way down has an end.
            if ((child <= own) | (child >= length))[inner].any():
                raise _broken("a child is not where it should be")
        if (self.category >= len(self.goes_left)).any():
            raise _broken("a node asks for categories that are not there")
        if np.isnan(self.threshold).any():
            raise _broken("a threshold is no number")


def _in_float32(rows: Array) -> Array:
    rows = rows.astype(np.float32).astype(np.float64)
    flat = rows.ravel()
    # One product tells of most that nothing in them is infinite.
    if not math.isfinite(flat.dot(flat)) and np.isinf(rows).any():
        raise Refused("a number is too large for the model, which works in float32")
    return rows


def _row_in_float32(row: list[float]) -> list[float]:
    cut = array("f", row).tolist()
    if math.inf in cut or -math.inf in cut:
        raise Refused("a number is too large for the model, which works in float32")
    return cut


def _broken(reason: str) -> BadPackage:
    return BadPackage(reason, file="compiled trees", fix="write it with `scienceops pack`")


@step("forest")
@dataclass(frozen=True, eq=False)
class Forest(Step):
    """start + the sum over trees of the leaf that each row falls into, then divided.

    leaves (nodes, width): the values of a leaf. outputs: how many sums there are; a tree with a
    width of 1 adds to the sum of its number modulo `outputs`. single: the numbers are cut to
    float32 before they are compared. Trees are added in their order, as the original adds them.
    """

    starts: Array
    feature: Array
    threshold: Array
    left: Array
    right: Array
    missing_left: Array
    category: Array
    goes_left: Array
    leaves: Array
    start: Array
    outputs: int
    divisor: float
    single: bool
    _walk: Any = field(init=False, repr=False)
    _at_once: int = field(init=False, repr=False)
    _values: Array = field(init=False, repr=False)
    _by_output: list[Array] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        trees = Trees(
            self.starts,
            self.feature,
            self.threshold,
            self.left,
            self.right,
            self.missing_left,
            self.category,
            self.goes_left,
        )
        trees.check()
        if len(self.leaves) != len(self.feature) or len(self.start) != self.outputs:
            raise _broken("its leaves do not belong to its nodes")
        if self.leaves.ndim != 2 or self.leaves.dtype.kind != "f" or self.start.dtype.kind != "f":
            raise _broken("its leaves are no rows of numbers")
        if self.leaves.shape[1] not in (1, self.outputs) or trees.count % self._trees_of_a_round:
            raise _broken(f"its trees do not add to {self.outputs} sums")
        walk = LeafMasks(trees) if fits_masks(trees) else TreeWalk(trees)
        object.__setattr__(self, "_walk", walk)
        # A leaf of many values counts as several.
        size = trees.count * max(1, self.leaves.shape[1] // _FEW_VALUES)
        object.__setattr__(self, "_at_once", max(1, LEAVES_AT_ONCE // size))
        # At each place that the walk finds: what its leaf adds. The start comes before all of them,
        # so that it is added to those of the trees which begin a sum.
        values = self.leaves.astype(np.float64, copy=False)
        is_small = isinstance(walk, LeafMasks)
        if is_small:
            values = values.take(walk.nodes, axis=0)
        # Large forests are not copied for a start of zero, which changes a leaf of -0.0 alone.
        if self.start.any() or (np.signbit(values) & (values == 0.0)).any():
            values = values.copy()
            tree_of = np.searchsorted(self.starts, walk.nodes, side="right") - 1
            for tree in range(self._trees_of_a_round):
                first = self.start[tree] if self._trees_of_a_round > 1 else self.start
                values[tree_of == tree] += first
        object.__setattr__(self, "_values", values)
        few = is_small and 1 < values.shape[1] <= _FEW_VALUES
        object.__setattr__(self, "_by_output", list(values.T.copy(order="C")) if few else [])

    @property
    def _trees_of_a_round(self) -> int:
        """How many trees add to each sum once."""
        return self.outputs if self.leaves.shape[1] == 1 else 1

    def __call__(self, given: Any) -> Array:
        """Array (rows, outputs)."""
        rows = to_array(given)
        if self.single:
            rows = _in_float32(rows)
        at_once = self._at_once
        if len(rows) <= at_once:
            return self._sum(rows)
        parts = range(0, len(rows), at_once)
        return np.concatenate([self._sum(rows[at : at + at_once]) for at in parts])

    def of_row(self, row: Row) -> Any:
        """The same."""
        numbers = numbers_of(row)
        if self.single:
            numbers = _row_in_float32(numbers)
        terms = self._values.take(self._walk.places_of(numbers), axis=0)  # (trees, width)
        if self._trees_of_a_round > 1:
            terms = terms.reshape(-1, self.outputs)
        total = np.add.accumulate(terms)[-1] if terms.shape[1] == 1 else np.add.reduce(terms)
        return self._divided(total).tolist()

    def _sum(self, rows: Array) -> Array:
        places = self._walk.places(rows)
        if self._by_output and len(rows) > 1:
            sums = [
                np.add.reduce(values.take(places, mode=UNCHECKED)) for values in self._by_output
            ]
            return self._divided(np.stack(sums, axis=1))
        terms = self._values.take(places, axis=0, mode=UNCHECKED)  # (trees, rows, width)
        if self._trees_of_a_round > 1:
            terms = terms.reshape(-1, self.outputs, len(rows)).transpose(0, 2, 1)
        terms = terms.reshape(len(terms), -1)
        # Added one after another, for a sum in pairs rounds otherwise than the original.
        total = np.add.accumulate(terms)[-1] if terms.shape[1] == 1 else np.add.reduce(terms)
        return self._divided(total.reshape(len(rows), self.outputs))

    def _divided(self, sums: Array) -> Array:
        return sums if self.divisor == 1.0 else sums / self.divisor
