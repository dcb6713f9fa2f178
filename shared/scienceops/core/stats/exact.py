"""Exact tests: for what is too seldom among few rows for the tails of a normal distribution.

Of many features, verdicts ask for p-values far below 0.01. There a normal form may be wrong by
a factor of a hundred where few rows are expected, and so raise alarms at nothing.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]

#: A label of which the smaller side expects fewer rows is rare. Source: W. G. Cochran, Biometrics
#: 10 (1954) 417-451.
LEAST_EXPECTED = 5.0


def fisher_p(hits_a: int, rows_a: int, hits_b: int, rows_b: int) -> float:
    """p-value that two shares, hits_a of rows_a and hits_b of rows_b, are equal, by counting.

    The sum of the probabilities of all tables with these margins that are no likelier. Source:
    R. A. Fisher, Statistical Methods for Research Workers, 1934, section 21.02.

    >>> fisher_p(0, 100, 0, 50), round(fisher_p(3, 3, 0, 3), 6)
    (1.0, 0.1)
    """
    from scipy.special import gammaln

    hits = hits_a + hits_b
    possible = np.arange(max(0, hits - rows_b), min(hits, rows_a) + 1, dtype=np.float64)

    def log_choose(n: float, k: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        chosen: npt.NDArray[np.float64] = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
        return chosen

    logs = log_choose(rows_a, possible) + log_choose(rows_b, hits - possible)
    weights = np.exp(logs - logs.max())
    seen = weights[hits_a - int(possible[0])]
    # Tables as likely as the one seen differ from it by rounding only.
    return float(min(1.0, weights[weights <= seen * (1 + 1e-7)].sum() / weights.sum()))


def is_rare(baseline: Counts, current: Counts, rows: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Which labels expect fewer than LEAST_EXPECTED rows on the side that has fewer rows.

    baseline, current: shape (labels,), rows per label. rows: in all, on either side.

    >>> is_rare(np.array([90, 10]), np.array([30, 0]), (100, 30)).tolist()
    [False, True]
    """
    return (baseline + current) * (min(rows) / max(sum(rows), 1)) < LEAST_EXPECTED


def rare_labels_p(
    baseline: Counts, current: Counts, pool: tuple[int, int] = (0, 0)
) -> float | None:
    """p-value that rows have rare labels as often as before; None without a rare label.

    Each rare label beside the rest, and rare labels together that are about as frequent as each
    other on both sides in all, for of many new labels each may be there once; twice the smaller,
    each corrected for how many there are. Whether a label is rare, and with which others it is
    counted, follows from the rows of both sides together, so that chance decides on sides alone.

    pool: rows on either side of rare labels that were not counted one by one. How frequent each of
    them is nobody knows, so that all rare labels are then taken together alone.

    >>> rare_labels_p(np.array([60, 40]), np.array([50, 50])) is None
    True
    >>> rare_labels_p(np.array([10_000, 0]), np.array([0, 30])) < 1e-9
    True
    """
    rows = (int(baseline.sum()) + pool[0], int(current.sum()) + pool[1])
    rare = is_rare(baseline, current, rows)
    if not (rare.any() or any(pool)) or not all(rows):
        return None
    pairs = np.column_stack([baseline[rare], current[rare]])
    groups = [pairs.sum(axis=0) + pool]
    if not any(pool):
        sizes = np.frexp(pairs.sum(axis=1).astype(np.float64))[1]
        groups += [pairs[sizes == size].sum(axis=0) for size in np.unique(sizes)]
    smaller = int(np.argmin(rows))
    # Of a label that is no more frequent than expected on the smaller side no p is small.
    share = min(rows) / sum(rows)
    more = np.unique(pairs[pairs[:, smaller] > pairs.sum(axis=1) * share], axis=0)
    alone = len(pairs) * _smallest(more, rows) if len(pairs) else 1.0
    together = len(groups) * _smallest(groups, rows)
    return min(1.0, 2 * min(alone, together))


def _smallest(pairs: Sequence[Counts] | Counts, rows: tuple[int, int]) -> float:
    return min((fisher_p(int(a), rows[0], int(b), rows[1]) for a, b in pairs), default=1.0)
