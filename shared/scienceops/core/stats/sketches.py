"""Sketches: small, mergeable stand-ins for all values of a column."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scienceops.core.stats.hashing import HashArray

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Points of an order sketch. One thinning moves a rank by at most 1 / (2 * 1024) of the values.
ORDER_POINTS = 1024
#: Hashes of a distinct sketch: exact below, a relative standard error of 3 % above.
DISTINCT_HASHES = 1024
#: Values of a uniform sample: enough for p-values, small enough to travel.
SAMPLE_VALUES = 5000


@dataclass(frozen=True, eq=False)
class OrderSketch:
    """Weighted order statistics: ascending distinct values, each standing for `weights` values.

    Exact while a column has at most ORDER_POINTS distinct values. Beyond that the values are cut
    into equal blocks and each block is kept as its middle one. A chunk is thinned once, a task's
    and the final merge once each, so ranks are good to 3 / (2 * ORDER_POINTS) = 0.0015.
    """

    values: FloatArray
    weights: IntArray
    exact: bool

    @classmethod
    def of_sorted(cls, ordered: FloatArray) -> "OrderSketch":
        """The sketch of ascending finite values."""
        values, weights = _compact(ordered, np.ones(len(ordered), dtype=np.int64))
        return cls(values, weights, exact=True)._thinned()

    @classmethod
    def merge(cls, sketches: Sequence["OrderSketch"]) -> "OrderSketch":
        """One sketch of everything that the given ones stand for."""
        if len(sketches) == 1:
            return sketches[0]
        values = np.concatenate([sketch.values for sketch in sketches])
        weights = np.concatenate([sketch.weights for sketch in sketches])
        order = np.argsort(values, kind="stable")
        merged = _compact(values[order], weights[order])
        return cls(*merged, exact=all(sketch.exact for sketch in sketches))._thinned()

    @property
    def total(self) -> int:
        """How many values the sketch stands for."""
        return int(self.weights.sum())

    def quantile(self, share: float) -> float | None:
        """The value below which `share` of the values lie; None when there are none.

        Linear between the two nearest ranks (type 7 of R. J. Hyndman, Y. Fan, The American
        Statistician 50 (1996) 361-365), so an exact sketch agrees with numpy.

        >>> OrderSketch.of_sorted(np.array([1.0, 2.0, 4.0])).quantile(0.75)
        3.0
        """
        total = self.total
        if total == 0:
            return None
        position = (total - 1) * share
        low = int(position)
        high = min(low + 1, total - 1)
        cumulative = np.cumsum(self.weights)
        first, second = np.searchsorted(cumulative, [low, high], side="right")
        fraction = position - low
        # Two products instead of a difference, which could overflow for values near 1e308.
        return float(self.values[first] * (1 - fraction) + self.values[second] * fraction)

    def share_at_most(self, points: FloatArray) -> FloatArray:
        """Share of the values at or below each point: the cumulative distribution."""
        cumulative = np.concatenate([np.zeros(1), np.cumsum(self.weights) / self.total])
        return cumulative[np.searchsorted(self.values, points, side="right")]

    def _thinned(self) -> "OrderSketch":
        if len(self.values) <= ORDER_POINTS:
            return self
        cumulative = np.cumsum(self.weights)
        bounds = np.arange(ORDER_POINTS + 1, dtype=np.int64) * cumulative[-1] // ORDER_POINTS
        middles = (bounds[:-1] + bounds[1:] - 1) // 2
        values = self.values[np.searchsorted(cumulative, middles, side="right")]
        return OrderSketch(*_compact(values, np.diff(bounds)), exact=False)


def _compact(values: FloatArray, weights: IntArray) -> tuple[FloatArray, IntArray]:
    """Ascending values with equal ones made one point."""
    if len(values) == 0:
        return values, weights
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    return values[starts], np.add.reduceat(weights, starts)


@dataclass(frozen=True, eq=False)
class DistinctSketch:
    """The k smallest hashes of the values seen (KMV), ascending: how many distinct there were.

    Source: Z. Bar-Yossef et al., "Counting distinct elements in a data stream", RANDOM 2002;
    unbiased form (k - 1) / U_k of K. Beyer et al., SIGMOD 2007.
    """

    hashes: HashArray

    @classmethod
    def of(cls, hashes: HashArray) -> "DistinctSketch":
        """The sketch of hashed values, which may repeat."""
        if len(hashes) > 8 * DISTINCT_HASHES:
            # Hashes are uniform, so four times the share that is wanted nearly always holds
            # enough of them; only a column of few distinct values needs the sort of them all.
            bound = np.uint64(2**64 * (4 * DISTINCT_HASHES) // len(hashes))
            smallest = np.unique(hashes[hashes < bound])
            if len(smallest) >= DISTINCT_HASHES:
                return cls(smallest[:DISTINCT_HASHES])
        return cls(np.unique(hashes)[:DISTINCT_HASHES])

    @classmethod
    def of_distinct(cls, hashes: HashArray) -> "DistinctSketch":
        """The sketch of the hashes of values that are all different: no sort of them all."""
        if len(hashes) > DISTINCT_HASHES:
            hashes = np.partition(hashes, DISTINCT_HASHES - 1)[:DISTINCT_HASHES]
        return cls(np.sort(hashes))

    @classmethod
    def merge(cls, sketches: Sequence["DistinctSketch"]) -> "DistinctSketch":
        """One sketch of everything seen, the same in any order of merging."""
        if len(sketches) == 1:
            return sketches[0]
        return cls.of(np.concatenate([sketch.hashes for sketch in sketches]))

    @property
    def estimate(self) -> int:
        """How many distinct values there were; exact below DISTINCT_HASHES.

        >>> DistinctSketch.of(np.array([7, 9, 7], dtype=np.uint64)).estimate
        2
        """
        if len(self.hashes) < DISTINCT_HASHES:
            return len(self.hashes)
        return round((DISTINCT_HASHES - 1) / (float(self.hashes[-1]) / 2.0**64))


@dataclass(frozen=True, eq=False)
class UniformSample:
    """The values of the rows with the smallest keys: a uniform sample that any order of merging
    makes the same, since a row's key is a hash of its identity.

    Source: bottom-k sampling, E. Cohen, H. Kaplan, PODC 2007.
    """

    keys: HashArray
    values: FloatArray

    @classmethod
    def of(cls, keys: HashArray, values: FloatArray) -> "UniformSample":
        """The sample of values with their row keys."""
        if len(keys) > SAMPLE_VALUES:
            smallest = np.argpartition(keys, SAMPLE_VALUES - 1)[:SAMPLE_VALUES]
            keys, values = keys[smallest], values[smallest]
        order = np.argsort(keys, kind="stable")
        return cls(keys[order], values[order])

    @classmethod
    def merge(cls, samples: Sequence["UniformSample"]) -> "UniformSample":
        """One sample of all the rows."""
        if len(samples) == 1:
            return samples[0]
        return cls.of(
            np.concatenate([sample.keys for sample in samples]),
            np.concatenate([sample.values for sample in samples]),
        )
