"""Leaf masks: find the leaves of all trees at once, by the bits that each column leaves standing.

A tree's leaves are numbered from left to right, one bit each. A node that sends a row to the right
rules out the leaves of its left side; of the bits that stand in the end, the lowest is the leaf.
What a column rules out depends only on where its value lies between that column's thresholds, so
it is looked up. Source: C. Lucchese et al., "QuickScorer: a Fast Algorithm to Rank Documents with
Additive Ensembles of Regression Trees", SIGIR 2015.
"""

import math
from bisect import bisect_left
from typing import TYPE_CHECKING

import numpy as np

from scienceops.compiled.step import Array

if TYPE_CHECKING:
    from scienceops.compiled.forest import Trees

MOST_LEAVES = 64
#: What the tables may take; forests that need more are walked.
MOST_BYTES = 32 * 1024 * 1024

_ONE = np.uint64(1)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


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
        #: Node of each tree's n-th leaf, (trees, 64).
        self._node_of = np.zeros((trees.count, MOST_LEAVES), dtype=np.intp)
        is_leaf = trees.feature < 0
        self._node_of[tree_of[is_leaf], leaf_numbers[is_leaf]] = np.flatnonzero(is_leaf)
        self._tree_offsets = np.arange(trees.count, dtype=np.intp) * MOST_LEAVES
        self._flat_nodes = self._node_of.ravel()
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
        self._table = np.concatenate(tables) if tables else np.empty((0, trees.count), np.uint64)
        self._edge_arrays = [None if edges is None else np.array(edges) for edges in self._edges]
        self._missing_row = [
            first + len(table) - 1 for first, table in zip(self._first_row, tables, strict=True)
        ]

    def leaves(self, rows: Array) -> Array:
        """Node of the leaf of each tree and row, (trees, rows); rows: (n, columns)."""
        if not self._features:
            return np.broadcast_to(self._trees.starts[:-1, None], (self._trees.count, len(rows)))
        if len(rows) == 1:
            standing = np.bitwise_and.reduce(self._table.take(self._places(rows[0].tolist()), 0))[
                None
            ]
        else:
            standing = self._table.take(self._places_of(rows, 0), 0)
            for index in range(1, len(self._features)):
                standing &= self._table.take(self._places_of(rows, index), 0)
        # How many bits lie below the lowest one that stands.
        number = np.bitwise_count(~standing & (standing - _ONE)).astype(np.intp)
        found: Array = self._flat_nodes.take((number + self._tree_offsets).T)
        return found

    def _places(self, row: list[float]) -> list[int]:
        """Row of the table for each feature, for one row of input."""
        places = []
        for index, feature in enumerate(self._features):
            value, edges = row[feature], self._edges[index]
            if math.isnan(value):
                places.append(self._missing_row[index])
            elif edges is not None:
                places.append(self._first_row[index] + bisect_left(edges, value))
            elif 0 <= value < self._trees.goes_left.shape[1] and value == int(value):
                places.append(self._first_row[index] + int(value))
            else:
                places.append(self._missing_row[index])
        return places

    def _places_of(self, rows: Array, index: int) -> Array:
        """The same for one feature of many rows."""
        values, edges = rows[:, self._features[index]], self._edge_arrays[index]
        first, missing = self._first_row[index], self._missing_row[index]
        gone = np.isnan(values)
        if edges is None:
            codes = np.where(gone, -1.0, values)
            gone |= (codes < 0) | (codes >= self._trees.goes_left.shape[1]) | (codes % 1 != 0)
            places = np.where(gone, 0.0, codes).astype(np.intp) + first
        else:
            places = np.searchsorted(edges, values) + first
        return np.where(gone, missing, places)

    def _of_numbers(self, nodes: Array, edges: Array, tree_of: Array, ruled_out: Array) -> Array:
        """(edges + 2, trees): what stands when so many edges lie below the value; last: missing."""
        trees = self._trees
        table = np.full((len(edges) + 2, trees.count), _ALL)
        place = np.searchsorted(edges, trees.threshold[nodes]) + 1
        np.bitwise_and.at(table, (place, tree_of[nodes]), ~ruled_out[nodes])
        table[:-1] = np.bitwise_and.accumulate(table[:-1], axis=0)
        right = nodes[~trees.missing_left[nodes]]
        np.bitwise_and.at(table[-1], tree_of[right], ~ruled_out[right])
        return table

    def _of_categories(self, nodes: Array, tree_of: Array, ruled_out: Array) -> Array:
        """(categories + 1, trees): what stands for each category; last: missing or unknown."""
        trees = self._trees
        table = np.full((trees.goes_left.shape[1] + 1, trees.count), _ALL)
        for node in nodes:
            stays = np.append(trees.goes_left[trees.category[node]], trees.missing_left[node])
            table[~stays.astype(bool), tree_of[node]] &= ~ruled_out[node]
        return table


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
