"""Data monitor: statistics of features shaped for looking at, the same for pages and replies."""

from collections import defaultdict
from datetime import date
from typing import Any

from scienceops.core.names import LATENCY, PREDICTION, QUALITY
from scienceops.core.policy import kept_policy
from scienceops.core.stats.terms import DRIFT, NOT_ENOUGH_DATA, VERDICTS
from scienceops.errors import NotFound
from scienceops.ports import Ports
from scienceops.usecases.describe import read_document
from scienceops.usecases.distribution import distribution
from scienceops.usecases.records import read_service, read_versions
from scienceops.usecases.shown_statistics import (
    Series,
    by_feature,
    first_day,
    published_days,
    versions_with_statistics,
)

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
#: Features that are named where another one was asked for.
MOST_NAMED = 20
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
    wanted: text in the feature's name. Without `since`, of the newest MOST_DAYS days; earlier: how
    many there are before those shown.
    """
    policy = kept_policy(read_service(ports.registry, name).value.policy)
    published = published_days(name, ports, until)
    versions = versions_with_statistics(name, ports)
    version = version or _version_to_show(name, versions, ports)
    if version is None:
        return {
            "version": None,
            "versions": [],
            "features": [],
            "days": [],
            "hidden": 0,
            "earlier": 0,
        }
    baseline = read_document(name, "baseline.json", ports, version)
    begins, earlier = first_day(published[version], since)
    table = by_feature(
        ports.statistics.read(
            name, versions=[version], statistics=RANKED, since=begins, until=until
        )
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
        "earlier": earlier,
    }


def feature_monitor(
    name: str, feature: str, ports: Ports, version: int | None = None
) -> dict[str, Any]:
    """statistic -> day -> value of one feature of a version, and training's values.

    Raises NotFound for what neither has statistics nor is an input of the version.
    """
    version = version or _version_to_show(name, versions_with_statistics(name, ports), ports)
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
    series = by_feature(rows).get(feature, defaultdict(dict))
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


def _version_to_show(name: str, versions: list[int], ports: Ports) -> int | None:
    live = read_service(ports.registry, name).value.live
    return live if live in versions else max(versions, default=None)
