"""Tree walk: all rows go down all trees together, one level at a time."""

from typing import TYPE_CHECKING

import numpy as np

from scienceops.compiled.step import Array

if TYPE_CHECKING:
    from scienceops.compiled.forest import Trees


class TreeWalk:
    """Finds leaves of trees of any size."""

    def __init__(self, trees: "Trees") -> None:
        starts = np.repeat(trees.starts[:-1], np.diff(trees.starts))
        leaf = trees.feature < 0
        own = np.arange(len(trees.feature))
        #: Node at each place.
        self.nodes: Array = own
        # A leaf leads to itself, so that rows that have arrived may go on stepping.
        self._left = np.where(leaf, own, trees.left + starts).astype(np.intp)
        self._right = np.where(leaf, own, trees.right + starts).astype(np.intp)
        self._feature = np.where(leaf, 0, trees.feature).astype(np.intp)
        self._threshold = np.where(leaf, np.inf, trees.threshold)
        missing_right = ~trees.missing_left.astype(bool) & ~leaf
        self._missing_right = missing_right if missing_right.any() else None
        self._category = trees.category
        self._asks_categories = bool((trees.category >= 0).any())
        self._goes_left = trees.goes_left.astype(bool)
        self._missing_left = trees.missing_left.astype(bool)
        self._roots = trees.starts[:-1].astype(np.intp)
        self._depth = _depth(trees)

    def places(self, rows: Array) -> Array:
        """Where in `nodes` the leaf of each tree and row is, (trees, rows); rows: (n, columns)."""
        flat = np.ascontiguousarray(rows.T).ravel()
        count = len(rows)
        row = np.arange(count)
        node = np.repeat(self._roots[:, None], count, axis=1)
        for _ in range(self._depth):
            value = flat.take(self._feature.take(node) * count + row)
            right = value > self._threshold.take(node)
            if self._missing_right is not None:
                right |= np.isnan(value) & self._missing_right.take(node)
            if self._asks_categories:
                self._ask_categories(node, value, right)
            node = np.where(right, self._right.take(node), self._left.take(node))
        return node

    def places_of(self, row: list[float]) -> Array:
        """The same for one row, (trees,)."""
        return self.places(np.array([row]))[:, 0]

    def _ask_categories(self, node: Array, value: Array, right: Array) -> None:
        """Correct `right` where a node asks for a category."""
        kind = self._category.take(node)
        asked = kind >= 0
        codes = value[asked]
        size = self._goes_left.shape[1]
        known = (codes >= 0) & (codes < size) & (codes % 1 == 0)
        place = np.where(known, codes, 0).astype(np.intp)
        left = self._goes_left[kind[asked], place]
        right[asked] = ~np.where(known, left, self._missing_left[node[asked]])


def _depth(trees: "Trees") -> int:
    depth = np.zeros(len(trees.feature), dtype=np.intp)
    for start, end in zip(trees.starts[:-1].tolist(), trees.starts[1:].tolist(), strict=True):
        # Children come after their parent.
        for node in range(start, end):
            if trees.feature[node] >= 0:
                for child in (trees.left[node], trees.right[node]):
                    depth[start + int(child)] = depth[node] + 1
    return int(depth.max(initial=0))
