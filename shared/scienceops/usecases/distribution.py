"""Distribution: the shares of a day beside those of training, bin by bin or label by label."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from scienceops.core.stats.category import OTHER


def distribution(
    series: Mapping[str, Mapping[str, float]], baseline: Mapping[str, float], day: str
) -> dict[str, Any] | None:
    """Labels with the shares of training and of the day; None when either has none.

    Bins are training's, with one below and one above; categories are those of both sides. Where a
    side has its rarer ones together, what it does not name may be among them, and joins them.

    >>> series = {"category_count:a": {"2026-11-20": 1.0}, "category_count:b": {"2026-11-20": 3.0}}
    >>> distribution(series, {"category_count:a": 5.0}, "2026-11-20")["day"]
    [0.25, 0.75]
    """
    for statistic in ("histogram", "category_count"):
        then = _of(statistic, baseline)
        now = _of(statistic, {name: days[day] for name, days in series.items() if day in days})
        if sum(then.values()) and sum(now.values()):
            then, now = _together(then, now), _together(now, then)
            labels = sorted({*then, *now})
            shown = _bins(baseline) if statistic == "histogram" else labels
            return {
                "date": day,
                "labels": shown if len(shown) == len(labels) else labels,
                "training": _shares(then, labels),
                "day": _shares(now, labels),
            }
    return None


def _together(counts: Mapping[str, float], others: Mapping[str, float]) -> dict[str, float]:
    """Rows per label, with those that the other side may have among its rarer ones as OTHER.

    >>> _together({"a": 3.0, "b": 1.0}, {"a": 5.0, "(other)": 2.0})
    {'a': 3.0, '(other)': 1.0}
    """
    found: dict[str, float] = {}
    for label, rows in counts.items():
        name = OTHER if OTHER in others and label not in others else label
        found[name] = found.get(name, 0.0) + rows
    return found


def _of(statistic: str, values: Mapping[str, float]) -> dict[str, float]:
    prefix = statistic + ":"
    return {n.removeprefix(prefix): v for n, v in values.items() if n.startswith(prefix)}


def _shares(counts: Mapping[str, float], labels: list[str]) -> list[float]:
    total = sum(counts.values())
    return [counts.get(label, 0.0) / total for label in labels]


def _bins(baseline: Mapping[str, float]) -> list[str]:
    edges = [f"{edge:.4g}" for _, edge in sorted(_of("edge", baseline).items())]
    if not edges:
        return []
    between = [f"{low} to {high}" for low, high in pairwise(edges)]
    return [f"below {edges[0]}", *between, f"above {edges[-1]}"]
