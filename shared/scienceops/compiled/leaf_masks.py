"""Leaf masks: find the leaves of all trees at once, by the bits that each column leaves standing.

A tree's leaves are numbered from left to right, one bit each. A node that sends a row to the right
rules out the leaves of its left side; of the bits that stand in the end, the lowest is the leaf.
What a column rules out depends only on where its value lies between that column's thresholds, so
it is looked up. Source: C. Lucchese et al., "QuickScorer: a Fast Algorithm to Rank Documents with
Additive Ensembles of Regression Trees", SIGIR 2015.
"""

import math
import sys
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

import numpy as np

from scienceops.compiled.step import Array

if TYPE_CHECKING:
    from scienceops.compiled.forest import Trees

MOST_LEAVES = 64
#: How numpy is asked to take what is known to be there: in any other way it looks first.
UNCHECKED: Final = "clip"
#: What the tables may take; forests that need more are walked.
MOST_BYTES = 32 * 1024 * 1024

#: Of the tables: the fewest bits that the leaves of each tree fit into, for what is looked up is
#: most of the work.
_WIDTHS = (np.uint8, np.uint16, np.uint32, np.uint64)


def fits_masks(trees: "Trees") -> bool:
    """Whether no tree has more leaves than bits, and the tables are small enough."""
    if not hasattr(np, "bitwise_count"):
        # numpy before 2.0.
        return False
    leaves = np.add.reduceat((trees.feature < 0).astype(np.int64), trees.starts[:-1])
    inner = trees.feature >= 0
    thresholds = len(np.unique(np.stack([trees.feature[inner], trees.threshold[inner]]), axis=1).T)
    features = len(np.unique(trees.feature[inner]))
    size = (thresholds + features * (2 + trees.goes_left.shape[1])) * trees.count * 8
    return bool(leaves.max() <= MOST_LEAVES and size <= MOST_BYTES)


class LeafMasks:
    """Finds leaves by tables of bits."""

    def __init__(self, trees: "Trees") -> None:
        self._trees = trees
        tree_of = np.repeat(np.arange(trees.count), np.diff(trees.starts))
        leaf_numbers, ruled_out = _number_leaves(trees)
        width = next(w for w in _WIDTHS if leaf_numbers.max() < np.iinfo(w).bits)
        ruled_out = ruled_out.astype(width)
        self._one, self._all = width(1), np.iinfo(width).max
        #: Node at each place: of each tree's n-th leaf, 64 of them for each tree.
        node_of = np.zeros((trees.count, MOST_LEAVES), dtype=np.intp)
        is_leaf = trees.feature < 0
        node_of[tree_of[is_leaf], leaf_numbers[is_leaf]] = np.flatnonzero(is_leaf)
        self.nodes: Array = node_of.ravel()
        # The bits up to the lowest one that stands are counted, which is one more than its number.
        self._before_first = np.arange(trees.count, dtype=np.intp) * MOST_LEAVES - 1
        self._features: list[int] = sorted({int(f) for f in trees.feature if f >= 0})
        self._edges: list[list[float] | None] = []
        self._first_row: list[int] = []
        tables: list[Array] = []
        for feature in self._features:
            nodes = np.flatnonzero(trees.feature == feature)
            self._first_row.append(sum(map(len, tables)))
            if trees.category[nodes[0]] >= 0:
                self._edges.append(None)
                tables.append(self._of_categories(nodes, tree_of, ruled_out))
            else:
                edges = np.unique(trees.threshold[nodes])
                self._edges.append(edges.tolist())
                tables.append(self._of_numbers(nodes, edges, tree_of, ruled_out))
        self._table = np.concatenate(tables) if tables else np.empty((0, trees.count), width)
        self._edge_arrays = [None if edges is None else np.array(edges) for edges in self._edges]
        self._missing_row = [
            first + len(table) - 1 for first, table in zip(self._first_row, tables, strict=True)
        ]
        self._lookups = list(
            zip(self._features, self._edges, self._first_row, self._missing_row, strict=True)
        )
        # For a row by itself: the bits of all trees as one number, which costs less than an array.
        self._width = width
        self._bits = list(map(_as_number, self._table))
        self._all_standing = _as_number(np.full(trees.count, self._all, width))
        self._ones = _as_number(np.ones(trees.count, width))
        self._size = trees.count * np.dtype(width).itemsize

    def places(self, rows: Array) -> Array:
        """Where in `nodes` the leaf of each tree and row is, (trees, rows); rows: (n, columns)."""
        count = len(rows)
        if not self._features:
            return np.repeat(self._before_first[:, None] + 1, count, axis=1)
        columns = rows.T.copy(order="C")
        missing = np.isnan(columns)
        some_missing = bool(missing.any())
        found = self._rows_of(columns, missing, 0, some_missing)
        standing = self._table.take(found, 0, mode=UNCHECKED)
        for index in range(1, len(self._features)):
            found = self._rows_of(columns, missing, index, some_missing)
            standing &= self._table.take(found, 0, mode=UNCHECKED)
        upto: Array = standing - self._one
        upto ^= standing
        places = np.empty((len(self._before_first), count), dtype=np.intp)
        np.add(np.bitwise_count(upto).T, self._before_first[:, None], out=places)
        return places

    def places_of(self, row: list[float]) -> Array:
        """The same for one row, (trees,)."""
        standing = self._all_standing
        for number in self._rows_for(row):
            standing &= self._bits[number]
        # At least one bit of each tree stands, so that none borrows from the next.
        upto = (standing ^ (standing - self._ones)).to_bytes(self._size, sys.byteorder)
        place: Array = np.bitwise_count(np.frombuffer(upto, self._width)) + self._before_first
        return place

    def _rows_for(self, row: list[float]) -> list[int]:
        """Row of the table for each feature, for one row of input."""
        found = []
        categories = self._trees.goes_left.shape[1]
        for feature, edges, first, missing in self._lookups:
            value = row[feature]
            if math.isnan(value):
                found.append(missing)
            elif edges is not None:
                found.append(first + bisect_left(edges, value))
            elif 0 <= value < categories and value == int(value):
                found.append(first + int(value))
            else:
                found.append(missing)
        return found

    def _rows_of(self, columns: Array, missing: Array, index: int, some_missing: bool) -> Array:
        """The same for one feature of many rows; columns, missing: (columns, n)."""
        feature, _, first, last = self._lookups[index]
        values, edges, gone = columns[feature], self._edge_arrays[index], missing[feature]
        if edges is None:
            categories = self._trees.goes_left.shape[1]
            # Nearly always each is a category, and then nothing is asked of each.
            if values.min() >= 0 and values.max() < categories:
                known: Array = values.astype(np.intp)
                if (known == values).all():
                    known += first
                    return known
            codes = np.where(gone, -1.0, values)
            gone = gone | (codes < 0) | (codes >= categories) | (codes % 1 != 0)
            return np.where(gone, last, np.where(gone, 0.0, codes).astype(np.intp) + first)
        found: Array = edges.searchsorted(values)
        found += first
        if some_missing:
            found[gone] = last
        return found

    def _of_numbers(self, nodes: Array, edges: Array, tree_of: Array, ruled_out: Array) -> Array:
        """(edges + 2, trees): what stands when so many edges lie below the value; last: missing."""
        trees = self._trees
        table = np.full((len(edges) + 2, trees.count), self._all, ruled_out.dtype)
        place = np.searchsorted(edges, trees.threshold[nodes]) + 1
        np.bitwise_and.at(table, (place, tree_of[nodes]), ~ruled_out[nodes])
        table[:-1] = np.bitwise_and.accumulate(table[:-1], axis=0)
        right = nodes[~trees.missing_left[nodes]]
        np.bitwise_and.at(table[-1], tree_of[right], ~ruled_out[right])
        return table

    def _of_categories(self, nodes: Array, tree_of: Array, ruled_out: Array) -> Array:
        """(categories + 1, trees): what stands for each category; last: missing or unknown."""
        trees = self._trees
        table = np.full((trees.goes_left.shape[1] + 1, trees.count), self._all, ruled_out.dtype)
        for node in nodes:
            stays = np.append(trees.goes_left[trees.category[node]], trees.missing_left[node])
            table[~stays.astype(bool), tree_of[node]] &= ~ruled_out[node]
        return table


def _as_number(bits: Array) -> int:
    return int.from_bytes(bits.tobytes(), sys.byteorder)


def _number_leaves(trees: "Trees") -> tuple[Array, Array]:
    """(number of each leaf in its tree, from the left; bits of the leaves on a node's left)."""
    numbers = np.zeros(len(trees.feature), dtype=np.intp)
    left_bits = np.zeros(len(trees.feature), dtype=np.uint64)
    for start in trees.starts[:-1].tolist():
        count = 0
        # (node, the node whose left side ends before it, first leaf of that side)
        pending: list[tuple[int, int, int]] = [(start, -1, 0)]
        while pending:
            node, parent, first = pending.pop()
            if parent >= 0:
                left_bits[parent] = ((1 << count) - 1) ^ ((1 << first) - 1)
            if trees.feature[node] < 0:
                numbers[node] = count
                count += 1
                continue
            # Taken from the end: the left side first, and then the node's bits are known.
            pending.append((start + int(trees.right[node]), node, count))
            pending.append((start + int(trees.left[node]), -1, 0))
    return numbers, left_bits
