"""Model monitor: what versions predicted, how fast and how well, the same for pages and replies."""

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any

from scienceops.core.names import LATENCY, PREDICTION, QUALITY, model_id
from scienceops.core.stats.terms import NOT_ENOUGH_DATA, VERDICTS
from scienceops.ports import Ports
from scienceops.ports.statistics_store import StatisticRow
from scienceops.usecases.records import read_service, read_version
from scienceops.usecases.shown_statistics import (
    Series,
    by_feature,
    first_day,
    published_days,
    versions_with_statistics,
)

#: Versions that are shown unless others are asked for.
MOST_VERSIONS = 3
#: Measures of quality, the first of which is the one that decides.
MEASURES = ("accuracy", "f1", "log_loss", "r2", "mae", "rmse")


def model_monitor(
    name: str,
    ports: Ports,
    *,
    version: int | None = None,
    since: date | None = None,
    until: date | None = None,
) -> dict[str, Any]:
    """Per version, newest first: rows per day, predictions, latency, quality of labelled rows.

    Of one version if it is asked for, else of those that answer calls and the newest, at most
    MOST_VERSIONS; without `since`, of the newest MOST_DAYS days of each. known: every version with
    statistics, newest first. hidden: how many earlier days of a version there are. Raises
    VersionNotFound.
    """
    days = published_days(name, ports, until)
    found = {}
    for number in _versions_to_show(name, version, days, ports):
        begins, hidden = first_day(days[number], since)
        rows = ports.statistics.read(
            name,
            versions=[number],
            features=[PREDICTION, LATENCY, QUALITY],
            since=begins,
            until=until,
        )
        if rows:
            found[model_id(name, number)] = {**_predictions(rows), "hidden": hidden}
    return {"versions": found, "known": versions_with_statistics(name, ports)}


def _versions_to_show(
    name: str, version: int | None, days: Mapping[int, list[date]], ports: Ports
) -> list[int]:
    """Newest first."""
    service = read_service(ports.registry, name).value
    if version is not None:
        return [read_version(ports.registry, name, version).value.number]
    newest = sorted(days, reverse=True)
    # The live one comes first, for it is the one that matters, then what answers beside it.
    chosen = sorted(newest, key=lambda n: (n != service.live, n not in service.serving))
    return sorted(chosen[:MOST_VERSIONS], reverse=True)


def _predictions(rows: list[StatisticRow]) -> dict[str, Any]:
    table = by_feature(rows)
    series = table.get(PREDICTION, {})
    latency = table.get(LATENCY, {})
    days = sorted(series.get("count", {}))
    ratios = {k.partition(":")[2]: v for k, v in series.items() if k.startswith("count_ratio:")}
    verdicts = series.get("verdict", {})
    return {
        "days": days,
        "count": [series["count"].get(day, 0.0) for day in days],
        "ratios": {label: [v.get(day, 0.0) for day in days] for label, v in ratios.items()},
        "mean": [series.get("mean", {}).get(day) for day in days],
        "latency_median": [latency.get("median", {}).get(day) for day in days],
        "latency_p95": [latency.get("p95", {}).get(day) for day in days],
        "verdicts": [VERDICTS.get(verdicts.get(day, NOT_ENOUGH_DATA), "") for day in days],
        "quality": _quality(table.get(QUALITY, {})),
    }


def _quality(series: Series) -> dict[str, Any]:
    """measure -> day -> (value, low, high), and the confusion counts of all days together."""
    labelled = series.get("labelled", {})
    days = sorted(labelled)
    confusion: dict[tuple[str, str], float] = defaultdict(float)
    for name, counts in series.items():
        if name.startswith("confusion:"):
            actual, predicted = json.loads(name.removeprefix("confusion:"))
            confusion[actual, predicted] += sum(counts.values())
    classes = sorted({label for pair in confusion for label in pair})
    return {
        "days": days,
        "labelled": [labelled[day] for day in days],
        "unmatched": sum(series.get("unmatched_labels", {}).values()),
        "measures": {
            measure: [
                [series.get(measure + end, {}).get(day) for end in ("", "_low", "_high")]
                for day in days
            ]
            for measure in MEASURES
            if measure in series
        },
        "classes": classes,
        "confusion": [[confusion.get((a, p), 0.0) for p in classes] for a in classes],
    }
