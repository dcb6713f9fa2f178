"""Monitor: statistics tuples shaped for looking at, the same for pages and replies."""

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any

from scienceops.core.names import LATENCY, PREDICTION, QUALITY, model_id
from scienceops.core.policy import read_policy
from scienceops.core.stats.terms import DRIFT, NOT_ENOUGH_DATA, VERDICTS
from scienceops.errors import NotFound
from scienceops.ports import Ports
from scienceops.ports.statistics_store import StatisticRow
from scienceops.usecases.describe import read_document
from scienceops.usecases.distribution import distribution
from scienceops.usecases.records import read_service, read_version, read_versions

RANKED = (
    "verdict",
    "effect",
    "p_value",
    "q_value",
    "psi",
    "mean",
    "missing",
    "coefficient_of_variation",
)
MOST_FEATURES = 100
#: Versions, and days of each, that ModelMonitor shows unless others are asked for.
MOST_VERSIONS = 3
MOST_DAYS = 30
#: Features that are named where another one was asked for.
MOST_NAMED = 20
#: Measures of quality, the first of which is the one that decides.
MEASURES = ("accuracy", "f1", "log_loss", "r2", "mae", "rmse")
#: Statistics that are looked at first, in this order; the others follow by name.
FIRST = {
    name: place
    for place, name in enumerate(
        (
            *("effect", "psi", "mean", "median", "std", "min", "max"),
            *("p1", "p5", "p25", "p75", "p95", "p99", "missing", "out_of_range"),
        )
    )
}

Series = dict[str, dict[str, float]]


def data_monitor(
    name: str,
    ports: Ports,
    *,
    wanted: str,
    everything: bool,
    since: date | None = None,
    until: date | None = None,
    version: int | None = None,
) -> dict[str, Any]:
    """The features of a version, those that drift first; of the live one unless asked.

    versions: those with statistics, newest first. Without `everything`: features whose verdict of
    any of the days is drift, or whose coefficient of variation reaches the policy's bound.
    wanted: text in the feature's name.
    """
    policy = read_policy(read_service(ports.registry, name).value.policy)
    versions = _versions_with_statistics(name, ports)
    version = version or _version_to_show(name, versions, ports)
    if version is None:
        return {"version": None, "versions": [], "features": [], "days": [], "hidden": 0}
    baseline = read_document(name, "baseline.json", ports, version)
    table = _table(
        ports.statistics.read(name, versions=[version], statistics=RANKED, since=since, until=until)
    )
    rows = [
        _ranked(feature, series, baseline.get(feature, {}), policy.attention_variation)
        for feature, series in table.items()
        if feature not in (PREDICTION, LATENCY, QUALITY) and wanted.lower() in feature.lower()
    ]
    shown = [row for row in rows if everything or row["attention"]]
    shown.sort(key=lambda row: (-row["drift_days"], -(row["effect"] or 0.0), row["feature"]))
    days = sorted({day for series in table.values() for day in series["verdict"]})
    return {
        "version": version,
        "versions": versions,
        "features": shown[:MOST_FEATURES],
        "hidden": len(rows) - len(shown[:MOST_FEATURES]),
        "days": days,
    }


def feature_monitor(
    name: str, feature: str, ports: Ports, version: int | None = None
) -> dict[str, Any]:
    """statistic -> day -> value of one feature of a version, and training's values.

    Raises NotFound for what neither has statistics nor is an input of the version.
    """
    version = version or _version_to_show(name, _versions_with_statistics(name, ports), ports)
    if version is None:
        newest = [stored.value.number for stored in read_versions(ports.registry, name)][-1:]
        _check_input(name, feature, newest[0] if newest else None, ports)
        return {
            "version": None,
            "series": {},
            "charted": [],
            "baseline": {},
            "verdicts": {},
            "distribution": None,
        }
    rows = ports.statistics.read(name, versions=[version], features=[feature])
    if not rows:
        _check_input(name, feature, version, ports)
    series = _table(rows).get(feature, defaultdict(dict))
    baseline = read_document(name, "baseline.json", ports, version).get(feature, {})
    verdicts = {day: VERDICTS[v] for day, v in series.get("verdict", {}).items()}
    drifting = [day for day, verdict in verdicts.items() if verdict == VERDICTS[DRIFT]]
    told = max(drifting or verdicts, default="")
    charted = [n for n in series if ":" not in n and n != "verdict"]
    return {
        "version": version,
        "series": dict(series),
        "charted": sorted(charted, key=lambda n: (n not in FIRST, FIRST.get(n, 0), n)),
        "baseline": baseline,
        "verdicts": verdicts,
        "distribution": distribution(series, baseline, told),
    }


def _check_input(name: str, feature: str, version: int | None, ports: Ports) -> None:
    inputs: list[str] = []
    if version is not None:
        inputs = sorted(read_document(name, "schema.json", ports, version).get("properties", {}))
    if feature not in (*inputs, PREDICTION, LATENCY, QUALITY):
        known = ", ".join(inputs[:MOST_NAMED]) + (", …" if len(inputs) > MOST_NAMED else "")
        raise NotFound(
            f"{name!r} has no feature {feature!r}; its inputs are {known or 'not known yet'}"
        )


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
    days: dict[int, list[date]] = defaultdict(list)
    for published in ports.statistics.days(name):
        if until is None or published.partition.date <= until:
            days[published.partition.version].append(published.partition.date)
    found = {}
    for number in _versions_to_show(name, version, days, ports):
        begins = since or min(sorted(days[number])[-MOST_DAYS:], default=None)
        rows = ports.statistics.read(
            name,
            versions=[number],
            features=[PREDICTION, LATENCY, QUALITY],
            since=begins,
            until=until,
        )
        if rows:
            hidden = sum(begins is not None and day < begins for day in days[number])
            found[model_id(name, number)] = {**_predictions(rows), "hidden": hidden}
    return {"versions": found, "known": _versions_with_statistics(name, ports)}


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
    table = _table(rows)
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


def _ranked(
    feature: str, series: Series, baseline: dict[str, float], attention_variation: float
) -> dict[str, Any]:
    days = sorted(series["verdict"])
    last = days[-1] if days else ""
    drifting = [day for day in days if series["verdict"][day] == DRIFT]
    # What is shown is the newest day that drifts, else the newest day.
    told = drifting[-1] if drifting else last
    values = {name: series.get(name, {}).get(told) for name in RANKED}
    variation = values["coefficient_of_variation"]
    varies = variation is not None and variation >= attention_variation
    return {
        **values,
        "feature": feature,
        "day": told,
        "verdict": VERDICTS.get(
            NOT_ENOUGH_DATA if values["verdict"] is None else values["verdict"]
        ),
        "drift_days": len(drifting),
        "attention": bool(drifting) or varies,
        "means": [series["mean"][day] for day in sorted(series.get("mean", {}))],
        "training_mean": baseline.get("mean"),
    }


def _versions_with_statistics(name: str, ports: Ports) -> list[int]:
    return sorted({day.partition.version for day in ports.statistics.days(name)}, reverse=True)


def _version_to_show(name: str, versions: list[int], ports: Ports) -> int | None:
    live = read_service(ports.registry, name).value.live
    return live if live in versions else max(versions, default=None)


def _table(rows: list[StatisticRow]) -> dict[str, Series]:
    table: dict[str, Series] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        if row.value is not None:
            day = row.prediction_date.isoformat()
            table[row.feature_name][row.statistic][day] = row.value
    return table
