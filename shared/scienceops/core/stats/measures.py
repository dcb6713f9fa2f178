"""Measures: how far two distributions lie apart, and how surprising that would be by chance.

Distances take binned shares or order sketches; p-values take values or counts themselves. Every
p-value is two-sided. scipy.special is imported where it is needed, for its import takes time.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from scienceops.core.stats.exact import LEAST_EXPECTED, fisher_p, is_rare
from scienceops.core.stats.sketches import FloatArray, OrderSketch

#: An empty bin counts as this share in PSI, which is infinite for a true zero.
PSI_FLOOR = 1e-4
#: Rows that the smaller side has to expect on either hand of a share for a normal form: with
#: fewer, its tails are too thin where verdicts look, at p below 0.001.
_LEAST_NORMAL = 30.0


def shares(counts: Sequence[float] | npt.NDArray[np.generic]) -> FloatArray:
    """Counts as shares of their sum; all zero when the sum is.

    >>> shares([1, 3]).tolist()
    [0.25, 0.75]
    """
    array = np.asarray(counts, dtype=np.float64)
    total = array.sum()
    return array / total if total else array


def aligned(
    baseline: Mapping[str, int], current: Mapping[str, int]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Two sets of label counts as arrays over the labels of both, in order of the labels."""
    labels = sorted(set(baseline) | set(current))
    return (
        np.array([baseline.get(label, 0) for label in labels], dtype=np.int64),
        np.array([current.get(label, 0) for label in labels], dtype=np.int64),
    )


def psi(baseline: FloatArray, current: FloatArray) -> float:
    """Population stability index of two binned distributions: 0 equal, above 0.25 far apart.

    baseline, current: shape (bins,), share of rows per bin. Unit: nats. An empty bin counts as
    PSI_FLOOR. Source: N. Siddiqi, Credit Risk Scorecards, Wiley 2006; the sum of both
    Kullback-Leibler divergences, S. Kullback, R. Leibler, Ann. Math. Statist. 22 (1951) 79-86.

    >>> psi(np.array([0.5, 0.5]), np.array([0.5, 0.5]))
    0.0
    """
    expected = np.maximum(baseline, PSI_FLOOR)
    actual = np.maximum(current, PSI_FLOOR)
    return float(np.sum((actual - expected) * np.log(actual / expected)))


def jensen_shannon(baseline: FloatArray, current: FloatArray) -> float:
    """Jensen-Shannon distance of two binned distributions: 0 equal, 1 disjoint.

    baseline, current: shape (bins,), share of rows per bin. Unit: square root of bits.
    Source: J. Lin, IEEE Trans. Inf. Theory 37 (1991) 145-151.

    >>> jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    1.0
    """
    middle = (baseline + current) / 2

    def divergence(part: FloatArray) -> float:
        there = part > 0
        return float(np.sum(part[there] * np.log2(part[there] / middle[there])))

    return math.sqrt(max(0.0, (divergence(baseline) + divergence(current)) / 2))


def total_variation(baseline: FloatArray, current: FloatArray) -> float:
    """Share of rows that would have to change bin to make two distributions equal.

    Source: D. Levin, Y. Peres, Markov Chains and Mixing Times, AMS 2017, section 4.1.

    >>> total_variation(np.array([0.5, 0.5]), np.array([0.25, 0.75]))
    0.25
    """
    return float(np.abs(baseline - current).sum() / 2)


def kolmogorov_smirnov(baseline: OrderSketch, current: OrderSketch) -> float:
    """Largest difference of the two cumulative distributions: 0 equal, 1 disjoint.

    Source: N. Smirnov, Ann. Math. Statist. 19 (1948) 279-281.
    """
    points = np.concatenate([baseline.values, current.values])
    gaps = np.abs(baseline.share_at_most(points) - current.share_at_most(points))
    return float(gaps.max())


def wasserstein(baseline: OrderSketch, current: OrderSketch) -> float:
    """Area between the two cumulative distributions, in the unit of the feature.

    How far a value has to move on average; infinity when that is beyond the floats.
    Source: S. Vallender, Theory Probab. Appl. 18 (1974) 784-786.
    """
    points = np.unique(np.concatenate([baseline.values, current.values]))
    gaps = np.abs(baseline.share_at_most(points) - current.share_at_most(points))
    with np.errstate(over="ignore"):
        # A zero gap beside an infinite step would be NaN, so only steps with a gap are added.
        steps, heights = np.diff(points), gaps[:-1]
        return float(np.sum(steps[heights > 0] * heights[heights > 0]))


def kolmogorov_smirnov_p(baseline: FloatArray, current: FloatArray) -> float:
    """p-value of the two-sample Kolmogorov-Smirnov test; conservative when values repeat.

    Source: M. A. Stephens, J. R. Statist. Soc. B 32 (1970) 115-122, the small-sample form of the
    limiting distribution.

    >>> round(kolmogorov_smirnov_p(np.arange(50.0), np.arange(50.0)), 3)
    1.0
    """
    from scipy.special import kolmogorov

    a, b = np.sort(baseline), np.sort(current)
    points = np.concatenate([a, b])
    below_a = np.searchsorted(a, points, side="right") / len(a)
    below_b = np.searchsorted(b, points, side="right") / len(b)
    distance = float(np.abs(below_a - below_b).max())
    root = math.sqrt(len(a) * len(b) / (len(a) + len(b)))
    return float(kolmogorov((root + 0.12 + 0.11 / root) * distance))


def mann_whitney_p(baseline: FloatArray, current: FloatArray) -> float:
    """p-value of the Mann-Whitney U test: normal form, corrected for ties and continuity.

    1.0 when all values are equal. Source: H. B. Mann, D. R. Whitney, Ann. Math. Statist. 18
    (1947) 50-60; ties after E. L. Lehmann, Nonparametrics, Springer 2006, section 1.4. Where nearly
    all rows have one value, as of 0 and 1, there is nothing normal about ranks: Fisher's exact test
    of the rows below it, and of those above, the smaller p twice.

    >>> mann_whitney_p(np.ones(30), np.ones(40))
    1.0
    """
    n, m = len(baseline), len(current)
    total = n + m
    values, counts = np.unique(np.concatenate([baseline, current]), return_counts=True)
    if (total - int(counts.max())) * min(n, m) / total < _LEAST_NORMAL:
        return _beside_p(baseline, current, float(values[np.argmax(counts)]))
    # The rank of tied values is the middle of the ranks that they cover.
    ranks = np.cumsum(counts) - (counts - 1) / 2
    rank_sum = float(ranks[np.searchsorted(values, baseline)].sum())
    statistic = rank_sum - n * (n + 1) / 2
    tied = counts.astype(np.float64)
    ties = float((tied**3 - tied).sum())
    variance = n * m / 12 * ((total + 1) - ties / (total * (total - 1)))
    if variance <= 0:
        return 1.0
    distance = max(0.0, abs(statistic - n * m / 2) - 0.5)
    return math.erfc(distance / math.sqrt(2 * variance))


def _beside_p(baseline: FloatArray, current: FloatArray, value: float) -> float:
    """p-value that as many rows are below `value`, and as many above."""
    n, m = len(baseline), len(current)
    below = two_shares_p(int(np.sum(baseline < value)), n, int(np.sum(current < value)), m)
    above = two_shares_p(int(np.sum(baseline > value)), n, int(np.sum(current > value)), m)
    return min(1.0, 2 * min(below, above))


def chi_square(
    baseline: npt.NDArray[np.int64],
    current: npt.NDArray[np.int64],
    pool: tuple[int, int] = (0, 0),
) -> tuple[float, float]:
    """(statistic, p-value) of the two-sample chi-square test on counts per label.

    pool: rows on either side of rare labels that were not counted one by one.

    Both sides are samples: one-sample forms, which take the baseline for the truth, raise far
    too many alarms. Labels with fewer than 5 expected rows on either side are pooled into one
    cell; a pool with fewer joins the smallest cell, and `rare_labels_p` looks at its labels.
    (0, 1) when one cell is left. Source: K. Pearson, Biometrika 8 (1911) 250-254; pooling after
    Cochran 1954.

    >>> chi_square(np.array([50, 50]), np.array([50, 50]))
    (0.0, 1.0)
    """
    from scipy.special import chdtrc

    table = np.array([baseline, current], dtype=np.int64)
    table = table[:, table.sum(axis=0) > 0]
    row_totals = table.sum(axis=1) + pool
    total = row_totals.sum()
    if total == 0 or not row_totals.all():
        return 0.0, 1.0
    least = row_totals.min() / total
    rare = is_rare(table[0], table[1], (int(row_totals[0]), int(row_totals[1])))
    cells = table[:, ~rare]
    pooled = (table[:, rare].sum(axis=1) + pool)[:, np.newaxis]
    if pooled.any():
        if pooled.sum() * least >= LEAST_EXPECTED or cells.shape[1] == 0:
            cells = np.concatenate([cells, pooled], axis=1)
        else:
            cells[:, [np.argmin(cells.sum(axis=0))]] += pooled
    if cells.shape[1] < 2:
        return 0.0, 1.0
    wanted = np.outer(row_totals, cells.sum(axis=0)) / total
    statistic = float(((cells - wanted) ** 2 / wanted).sum())
    return statistic, float(chdtrc(cells.shape[1] - 1, statistic))


def two_shares_p(hits_a: int, rows_a: int, hits_b: int, rows_b: int) -> float:
    """p-value that two shares, hits_a of rows_a and hits_b of rows_b, are equal.

    Chi-square where every cell expects at least 30 rows, else Fisher's exact test.

    >>> two_shares_p(0, 100, 0, 50)
    1.0
    """
    hits, rows = hits_a + hits_b, rows_a + rows_b
    if hits in (0, rows):
        return 1.0
    if min(hits, rows - hits) * min(rows_a, rows_b) / rows >= _LEAST_NORMAL:
        table = np.array([[hits_a, rows_a - hits_a], [hits_b, rows_b - hits_b]], dtype=np.int64)
        return chi_square(table[0], table[1])[1]
    return fisher_p(hits_a, rows_a, hits_b, rows_b)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """q-values: the false discovery rate at which each hypothesis would be rejected.

    Source: Y. Benjamini, Y. Hochberg, J. R. Statist. Soc. B 57 (1995) 289-300.

    >>> benjamini_hochberg([0.01, 0.5, 0.02])
    [0.03, 0.5, 0.03]
    """
    if not p_values:
        return []
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    result = np.empty_like(q)
    result[order] = q
    return [float(value) for value in result]
