"""Catalogue: the one table of statistics. To add one: a function of a Feature, and a line below.

The function returns a number, None where it does not apply, or a number per label, which makes
one statistic `name:label` each.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scienceops.core.names import PREDICTION, utf16_units
from scienceops.core.stats.baseline import Baseline
from scienceops.core.stats.category import shortened
from scienceops.core.stats.partials import ColumnPartial
from scienceops.core.stats.terms import WINDOW_DAYS
from scienceops.core.stats.verdicts import Comparison

Value = float | Mapping[str, float] | None

#: Labels that get statistics of their own; the rest are counted together.
TOP_LABELS = 50
#: A longer label is told by its beginning and a hash.
LONGEST_LABEL = 200


@dataclass(frozen=True)
class Feature:
    """What a statistic may look at: one feature of one day.

    means: those of the calendar days up to this one, oldest first, which comes last; None for a
    day without values.
    """

    name: str
    part: ColumnPartial
    baseline: ColumnPartial | None
    compared: Comparison
    means: Sequence[float | None] = ()


def quantile(share: float) -> Callable[[Feature], Value]:
    """The statistic that is this quantile."""

    def at(feature: Feature) -> Value:
        numbers = feature.part.numbers
        return None if numbers is None else numbers.order.quantile(share)

    return at


def measure(name: str) -> Callable[[Feature], Value]:
    """The statistic that is this field of the comparison."""

    def take(feature: Feature) -> Value:
        value: float | None = getattr(feature.compared, name)
        return value

    return take


def mean(feature: Feature) -> Value:
    """Arithmetic mean of the finite values."""
    numbers = feature.part.numbers
    return None if numbers is None else numbers.moments.mean


def standard_deviation(feature: Feature) -> Value:
    """Of the sample, with divisor n - 1."""
    numbers = feature.part.numbers
    return None if numbers is None else numbers.moments.standard_deviation


def mode(feature: Feature) -> Value:
    """The most frequent value of a number."""
    return None if feature.part.numbers is None else feature.part.numbers.mode


def minimum(feature: Feature) -> Value:
    """Smallest finite value."""
    numbers = feature.part.numbers
    return numbers.minimum if numbers is not None and numbers.moments.count else None


def maximum(feature: Feature) -> Value:
    """Largest finite value."""
    numbers = feature.part.numbers
    return numbers.maximum if numbers is not None and numbers.moments.count else None


def coefficient_of_variation(feature: Feature) -> Value:
    """Standard deviation over the size of the mean; None for a mean of zero."""
    middle, spread = mean(feature), standard_deviation(feature)
    if not isinstance(middle, float) or not isinstance(spread, float) or middle == 0:
        return None
    return spread / abs(middle)


def rate_of_change(feature: Feature) -> Value:
    """Relative change of the moving average of the daily means against the day before.

    (A_t - A_{t-1}) / |A_{t-1}|, A_t the average of the means that WINDOW_DAYS calendar days have.
    """
    now = _known(feature.means[-WINDOW_DAYS:])
    before = _known(feature.means[-WINDOW_DAYS - 1 : -1])
    if not before or feature.means[-1] is None:
        return None
    average = math.fsum(before) / len(before)
    return (math.fsum(now) / len(now) - average) / abs(average) if average else None


def _known(means: Sequence[float | None]) -> list[float]:
    return [mean for mean in means if mean is not None]


def distinct(feature: Feature) -> Value:
    """How many different values there are; where that is estimated, at most one a row."""
    return float(min(feature.part.distinct.estimate, feature.part.count))


def histogram(feature: Feature) -> Value:
    """Rows below the training bins (00), in each of them, and above."""
    numbers = feature.part.numbers
    if numbers is None:
        return None
    return {f"{index:02d}": float(rows) for index, rows in enumerate(numbers.histogram)}


def category_count(feature: Feature) -> Value:
    """Rows per label, the most frequent first."""
    labels = feature.part.labels
    if labels is None:
        return None
    return {
        shortened(label, LONGEST_LABEL, utf16_units): float(rows)
        for label, rows in labels.top(TOP_LABELS).items()
    }


def count_ratio(feature: Feature) -> Value:
    """Share of the predictions per class."""
    counts = category_count(feature)
    if feature.name != PREDICTION or not isinstance(counts, dict):
        return None
    total = sum(counts.values())
    return {label: rows / total for label, rows in counts.items()} if total else None


def unseen_categories(feature: Feature) -> Value:
    """Rows whose label training did not have."""
    now, then = feature.part.labels, feature.baseline
    if now is None or then is None or then.labels is None:
        return None
    known = sum(rows for label, rows in now.counts.items() if label in then.labels.counts)
    # Training's labels are never pooled but for one: a label that has the pool's name.
    known += now.pooled if then.labels.pooled else 0
    return float(now.total - known)


def out_of_range(feature: Feature) -> Value:
    """Rows outside of the training range."""
    numbers = feature.part.numbers
    if numbers is None or len(numbers.histogram) == 0:
        return None
    return float(numbers.histogram[0] + numbers.histogram[-1])


#: name -> function. What is not listed does not exist; the order is that of the rows.
STATISTICS: dict[str, Callable[[Feature], Value]] = {
    "count": lambda feature: float(feature.part.count),
    "missing": lambda feature: float(feature.part.missing),
    "mean": mean,
    "median": quantile(0.5),
    "mode": mode,
    "std": standard_deviation,
    "min": minimum,
    "max": maximum,
    "p1": quantile(0.01),
    "p5": quantile(0.05),
    "p25": quantile(0.25),
    "p75": quantile(0.75),
    "p95": quantile(0.95),
    "p99": quantile(0.99),
    "distinct": distinct,
    "histogram": histogram,
    "category_count": category_count,
    "count_ratio": count_ratio,
    "unseen_categories": unseen_categories,
    "out_of_range": out_of_range,
    "coefficient_of_variation": coefficient_of_variation,
    "rate_of_change": rate_of_change,
    "psi": measure("psi"),
    "jensen_shannon": measure("jensen_shannon"),
    "ks": measure("ks"),
    "ks_p": measure("ks_p"),
    "wasserstein": measure("wasserstein"),
    "mann_whitney_p": measure("mann_whitney_p"),
    "chi_square": measure("chi_square"),
    "chi_square_p": measure("chi_square_p"),
    "rare_labels_p": measure("rare_labels_p"),
    "missing_p": measure("missing_p"),
    "effect": measure("effect"),
    "p_value": measure("p_value"),
    "q_value": measure("q_value"),
    "verdict": measure("verdict"),
}


def compute(feature: Feature) -> Iterator[tuple[str, float]]:
    """(statistic, value) of everything that applies to the feature and is finite."""
    for name, function in STATISTICS.items():
        value = function(feature)
        found = value.items() if isinstance(value, Mapping) else [("", value)]
        for label, number in found:
            if number is not None and math.isfinite(number):
                yield (f"{name}:{label}" if label or isinstance(value, Mapping) else name), number


def describe_baseline(baseline: Baseline) -> dict[str, dict[str, float]]:
    """feature -> statistic -> value of the training data, for the pages."""
    described = {}
    for name, part in baseline.columns.items():
        found = dict(compute(Feature(name, part, None, Comparison())))
        del found["verdict"]
        numbers = part.numbers
        edges = () if numbers is None else numbers.edges.tolist()
        found.update((f"edge:{index:02d}", edge) for index, edge in enumerate(edges))
        described[name] = found
    return described
