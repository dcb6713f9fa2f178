"""Quality: predictions beside their labels, as counts and moments that merge in any order.

Intervals are at 95 %. F1 is the plain mean over the classes that occur (macro).
"""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from scienceops.core.stats.category import OTHER, shortened
from scienceops.core.stats.numeric import Moments
from scienceops.core.stats.sketches import FloatArray, IntArray

#: A probability below this counts as this, for the logarithm of zero is infinite.
LEAST_PROBABILITY = 1e-15
NO_VALUES = Moments()
_Z = 1.959963984540054
_RESAMPLES = 400
#: Classes that the confusion tells apart; the rarer ones are told together. Labels may be any text.
CLASSES_TOLD = 50
#: Size in JSON from which on a class is told by its beginning and a hash: two make a name.
LONGEST_CLASS = 110
#: Up to so many kinds of (actual, predicted) F1 has an interval, which draws each of them anew.
PAIRS_DRAWN = 10_000
#: Share of a mean below which a deviation from it is rounding.
_ROUNDING = 32 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Quality:
    """Partial of labelled rows. confusion: (actual, predicted) -> rows, for classes.

    absolute and squared: errors; actual: labels; log_loss: -log of the actual class's probability.
    unanswered: labelled rows for which a regression gave no number, which have no error.
    """

    confusion: Mapping[tuple[str, str], int] = field(default_factory=dict)
    log_loss: Moments = NO_VALUES
    absolute: Moments = NO_VALUES
    squared: Moments = NO_VALUES
    actual: Moments = NO_VALUES
    unanswered: int = 0

    @classmethod
    def of_classes(
        cls, actual: Sequence[str], predicted: Sequence[str], probability: FloatArray
    ) -> "Quality":
        """Of a classification; probability: of each row's actual class, empty when not known."""
        losses = -np.log(np.maximum(probability, LEAST_PROBABILITY))
        pairs = Counter(zip(actual, predicted, strict=True))
        return cls(confusion=dict(pairs), log_loss=Moments.of(losses))

    @classmethod
    def of_numbers(cls, actual: FloatArray, predicted: FloatArray) -> "Quality":
        """Of a regression."""
        errors = predicted - actual
        # The square of a huge error is infinite, and its moments are no numbers.
        with np.errstate(over="ignore", invalid="ignore"):
            squared = Moments.of(errors**2)
        return cls(absolute=Moments.of(np.abs(errors)), squared=squared, actual=Moments.of(actual))

    @classmethod
    def merge(cls, parts: Sequence["Quality"]) -> "Quality":
        """Of all labelled rows together."""
        confusion: Counter[tuple[str, str]] = Counter()
        for part in parts:
            confusion.update(part.confusion)
        return cls(
            confusion=dict(confusion),
            log_loss=Moments.merge([part.log_loss for part in parts]),
            absolute=Moments.merge([part.absolute for part in parts]),
            squared=Moments.merge([part.squared for part in parts]),
            actual=Moments.merge([part.actual for part in parts]),
            unanswered=sum(part.unanswered for part in parts),
        )

    @property
    def labelled(self) -> int:
        """Rows with a label."""
        return (sum(self.confusion.values()) or self.actual.count) + self.unanswered

    def to_json(self) -> str:
        """The partial as text, to travel."""
        document = asdict(self)
        document["confusion"] = [[*pair, rows] for pair, rows in self.confusion.items()]
        return json.dumps(document)

    @classmethod
    def from_json(cls, text: str) -> "Quality":
        """Read what `to_json` wrote."""
        document: dict[str, Any] = json.loads(text)
        confusion = {(a, p): rows for a, p, rows in document.pop("confusion")}
        unanswered = document.pop("unanswered")
        moments = {name: Moments(**s) for name, s in document.items()}
        return cls(confusion=confusion, unanswered=unanswered, **moments)


def measure_quality(quality: Quality) -> dict[str, float]:
    """statistic -> value of labelled rows; empty without any, and without what no float holds.

    >>> found = measure_quality(Quality.of_classes(["a", "b"], ["a", "a"], np.zeros(0)))
    >>> found["accuracy"], found['confusion:["b", "a"]']
    (0.5, 1.0)
    """
    if not quality.labelled:
        return {}
    found = {"labelled": float(quality.labelled)}
    if quality.unanswered:
        found["unanswered"] = float(quality.unanswered)
    found.update(_of_classes(quality) if quality.confusion else _of_numbers(quality))
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _of_classes(quality: Quality) -> dict[str, float]:
    rows = quality.labelled
    hits = sum(n for (actual, predicted), n in quality.confusion.items() if actual == predicted)
    found = _with_interval("accuracy", (hits / rows, *wilson(hits, rows)))
    found.update(_f1(quality.confusion))
    found.update(_with_interval("log_loss", _mean_of_errors(quality.log_loss)))
    for pair, n in sorted(_told_together(quality.confusion).items()):
        found[f"confusion:{json.dumps(pair)}"] = float(n)
    return found


def _told_together(confusion: Mapping[tuple[str, str], int]) -> Counter[tuple[str, str]]:
    """The confusion of the most frequent classes, the rest as OTHER, be they right or wrong."""
    rows: Counter[str] = Counter()
    for pair, n in confusion.items():
        for label in pair:
            rows[label] += n
    told = sorted(rows, key=lambda label: (-rows[label], label))[:CLASSES_TOLD]
    name = {
        label: shortened(label, LONGEST_CLASS, lambda text: len(json.dumps(text))) for label in told
    }
    pooled: Counter[tuple[str, str]] = Counter()
    for (actual, predicted), n in confusion.items():
        pooled[name.get(actual, OTHER), name.get(predicted, OTHER)] += n
    return pooled


def _of_numbers(quality: Quality) -> dict[str, float]:
    found = _with_interval("mae", _mean_of_errors(quality.absolute))
    squared = _mean_of_errors(quality.squared)
    if squared is None:
        return found
    found.update(_with_interval("rmse", tuple(math.sqrt(value) for value in squared)))
    variance, size = quality.actual.variance or 0.0, abs(quality.actual.mean or 0.0)
    # Labels that are all the same have a spread that is nothing but the rounding of their mean.
    if _ROUNDING * size < math.sqrt(variance) < math.inf:
        found["r2"] = 1 - squared[0] / variance
    return found


def _mean_of_errors(errors: Moments) -> tuple[float, ...] | None:
    """(mean, low, high) by the normal approximation, none below zero; None without values.

    The mean alone of one error, which says nothing of how far others may be from it.
    """
    mean, variance = errors.mean, errors.variance
    if mean is None or variance is None:
        return None
    if errors.count == 1:
        return (mean,)
    half = _Z * math.sqrt(variance / errors.count)
    return mean, max(mean - half, 0.0), mean + half


def _with_interval(name: str, values: tuple[float, ...] | None) -> dict[str, float]:
    # Of what has no interval there is the value alone.
    return dict(zip((name, f"{name}_low", f"{name}_high"), values or (), strict=False))


def wilson(hits: int, rows: int) -> tuple[float, float]:
    """Interval of a share of rows. Source: E. B. Wilson, J. Am. Statist. Assoc. 22 (1927) 209-212.

    >>> [round(bound, 4) for bound in wilson(10, 10)], wilson(0, 10)[0]
    ([0.7225, 1.0], 0.0)
    """
    share, square = hits / rows, _Z * _Z
    middle = (share + square / (2 * rows)) / (1 + square / rows)
    half = _Z / (1 + square / rows)
    half *= math.sqrt(share * (1 - share) / rows + square / (4 * rows * rows))
    # At the ends the formula gives 0 and 1 exactly, which rounding would miss.
    low = middle - half if hits else 0.0
    return low, middle + half if hits < rows else 1.0


def _f1(confusion: Mapping[tuple[str, str], int]) -> dict[str, float]:
    """Macro F1 and its bootstrap interval: the confusion counts are drawn anew.

    Source: B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    labels = sorted({label for pair in confusion for label in pair})
    place = {label: index for index, label in enumerate(labels)}
    pairs = sorted(confusion)
    counts = np.array([confusion[pair] for pair in pairs], dtype=np.int64)
    actual, predicted = np.array([[place[label] for label in pair] for pair in pairs]).T
    found = {"f1": _macro_f1(counts, actual, predicted)}
    if len(pairs) > PAIRS_DRAWN:
        return found
    rows = int(counts.sum())
    draws = np.random.default_rng(0).multinomial(rows, counts / rows, size=_RESAMPLES)
    drawn = [_macro_f1(row, actual, predicted) for row in draws]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {**found, "f1_low": float(low), "f1_high": float(high)}


def _macro_f1(counts: IntArray, actual: IntArray, predicted: IntArray) -> float:
    """counts: rows of each pair; actual, predicted: the numbers of its classes."""
    classes = 1 + int(max(actual.max(), predicted.max()))
    both = np.bincount(actual, counts, classes) + np.bincount(predicted, counts, classes)
    hits = np.bincount(actual, np.where(actual == predicted, counts, 0), classes)
    occurs = both > 0
    return float(np.mean(2 * hits[occurs] / both[occurs])) if occurs.any() else 0.0
