"""Numbers: what is kept of a chunk of numeric values, and how two chunks become one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from scienceops.core.stats.hashing import HashArray
from scienceops.core.stats.sketches import FloatArray, IntArray, OrderSketch, UniformSample

#: Above this size the squares of values would overflow, so moments are kept in smaller units.
_HUGE = 2.0**480
_HUGE_EXPONENT = 600


@dataclass(frozen=True)
class Moments:
    """Count, mean and sum of squared deviations, in units of 2**exponent.

    Source of the merge: T. F. Chan, G. H. Golub, R. J. LeVeque, The American Statistician 37
    (1983) 242-247.
    """

    count: int = 0
    scaled_mean: float = 0.0
    scaled_squares: float = 0.0
    exponent: int = 0

    @classmethod
    def of(cls, values: FloatArray) -> "Moments":
        """Moments of finite values."""
        if len(values) == 0:
            return cls()
        largest = max(abs(float(values.max())), abs(float(values.min())))
        exponent = _HUGE_EXPONENT if largest > _HUGE else 0
        scaled = np.ldexp(values, -exponent) if exponent else values
        mean = float(scaled.mean())
        deviations = scaled - mean
        return cls(len(values), mean, float(np.dot(deviations, deviations)), exponent)

    @classmethod
    def merge(cls, parts: Sequence["Moments"]) -> "Moments":
        """Moments of all values together.

        >>> parts = [Moments.of(np.array([1.0, 2.0])), Moments.of(np.array([6.0]))]
        >>> Moments.merge(parts).mean
        3.0
        """
        exponent = max((part.exponent for part in parts), default=0)
        count, mean, squares = 0, 0.0, 0.0
        for part in parts:
            if part.count == 0:
                continue
            shift = part.exponent - exponent
            other_mean = math.ldexp(part.scaled_mean, shift)
            delta = other_mean - mean
            together = count + part.count
            squares += math.ldexp(part.scaled_squares, 2 * shift)
            squares += delta * delta * (count * part.count / together)
            mean += delta * (part.count / together)
            count = together
        return cls(count, mean, squares, exponent)

    @property
    def mean(self) -> float | None:
        """The arithmetic mean; None without values."""
        return math.ldexp(self.scaled_mean, self.exponent) if self.count else None

    @property
    def variance(self) -> float | None:
        """Of the values themselves (divisor n); None without any, infinity beyond the floats.

        >>> Moments.of(np.array([1.0, 3.0])).variance
        1.0
        """
        if self.count == 0:
            return None
        try:
            return math.ldexp(self.scaled_squares / self.count, 2 * self.exponent)
        except OverflowError:
            return math.inf

    @property
    def standard_deviation(self) -> float | None:
        """Of the sample (divisor n - 1); None below two values, infinity beyond the floats.

        >>> Moments.of(np.array([1.0, 3.0])).standard_deviation == math.sqrt(2)
        True
        """
        if self.count < 2:
            return None
        try:
            return math.ldexp(math.sqrt(self.scaled_squares / (self.count - 1)), self.exponent)
        except OverflowError:
            return math.inf


@dataclass(frozen=True, eq=False)
class Numbers:
    """Partial of numeric values. Moments, extremes, order and sample are of the finite ones.

    infinite: how many were plus or minus infinity; they are counted below and above the bins.
    edges: ascending training bins, or empty; histogram: counts below, in each bin, and above.
    """

    moments: Moments
    minimum: float
    maximum: float
    infinite: int
    order: OrderSketch
    sample: UniformSample
    edges: FloatArray
    histogram: IntArray

    @classmethod
    def of(cls, values: FloatArray, keys: HashArray, edges: FloatArray) -> "Numbers":
        """Partial of values without NaN; keys: one per value; edges: training bins, may be empty.

        Sorts once and reads order statistics and bin counts off the sorted values.
        """
        # Adding zero turns -0.0 into 0.0, so that the two are one value.
        finite = np.isfinite(values)
        below = int(np.count_nonzero(values == -np.inf))
        above = int(np.count_nonzero(values == np.inf))
        if below or above:
            values, keys = values[finite], keys[finite]
        values = values + 0.0
        ordered = np.sort(values)
        histogram = _count(ordered, edges)
        if len(histogram):
            histogram[0] += below
            histogram[-1] += above
        return cls(
            moments=Moments.of(ordered),
            minimum=float(ordered[0]) if len(ordered) else math.inf,
            maximum=float(ordered[-1]) if len(ordered) else -math.inf,
            infinite=below + above,
            order=OrderSketch.of_sorted(ordered),
            sample=UniformSample.of(keys, values),
            edges=edges,
            histogram=histogram,
        )

    @classmethod
    def merge(cls, parts: Sequence["Numbers"]) -> "Numbers":
        """Partial of all values together; raises ValueError when the parts' bins differ."""
        edges = parts[0].edges
        if any(not np.array_equal(part.edges, edges) for part in parts):
            raise ValueError("partials with different bins do not merge: give each the same edges")
        return cls(
            moments=Moments.merge([part.moments for part in parts]),
            minimum=min(part.minimum for part in parts),
            maximum=max(part.maximum for part in parts),
            infinite=sum(part.infinite for part in parts),
            order=OrderSketch.merge([part.order for part in parts]),
            sample=UniformSample.merge([part.sample for part in parts]),
            edges=edges,
            histogram=np.sum([part.histogram for part in parts], axis=0, dtype=np.int64),
        )

    def rebinned(self, edges: FloatArray) -> "Numbers":
        """The same values counted in these bins, as exactly as the order sketch knows them."""
        cuts = np.searchsorted(self.order.values, edges, side="left")
        cuts[-1] = np.searchsorted(self.order.values, edges[-1], side="right")
        total = np.concatenate([[0], np.cumsum(self.order.weights)])
        histogram = np.diff(total[cuts], prepend=0, append=total[-1]).astype(np.int64)
        return replace(self, edges=edges, histogram=histogram)

    @property
    def mode(self) -> float | None:
        """The most frequent value, the smallest of several; None when no value came twice.

        Exact while the order sketch is; beyond that the most frequent value of the sample.
        """
        if self.order.exact:
            values, counts = self.order.values, self.order.weights
        else:
            values, counts = np.unique(self.sample.values, return_counts=True)
        if len(values) == 0 or (len(values) > 1 and counts.max() == 1):
            return None
        return float(values[np.argmax(counts)])


def _count(ordered: FloatArray, edges: FloatArray) -> IntArray:
    """Counts below the first edge, in each bin [edge, next), and above the last, which is in."""
    if len(edges) == 0:
        return np.zeros(0, dtype=np.int64)
    cuts = np.searchsorted(ordered, edges, side="left")
    cuts[-1] = np.searchsorted(ordered, edges[-1], side="right")
    return np.diff(cuts, prepend=0, append=len(ordered)).astype(np.int64)


def training_bins(order: OrderSketch, minimum: float, maximum: float, bins: int = 10) -> FloatArray:
    """Edges of at most `bins` bins with about equal shares of the training values.

    A value that alone holds a full share gets a bin of its own, so a column of mostly zeros or
    of few distinct values is told apart value by value. Empty without values.

    >>> zeros_and_ones = OrderSketch.of_sorted(np.array([0.0, 0.0, 1.0]))
    >>> training_bins(zeros_and_ones, 0.0, 1.0).tolist()
    [0.0, 1.0, 1.0]
    """
    if len(order.values) == 0:
        return np.zeros(0)
    share = order.total / bins
    starts = [minimum]
    held = 0
    for value, weight in zip(order.values.tolist(), order.weights.tolist(), strict=True):
        full = held >= share or (held > 0 and weight >= share)
        if full and value > starts[-1]:
            starts.append(value)
            held = 0
        held += weight
    return np.array([*starts, maximum])
