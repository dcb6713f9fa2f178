"""Run: a frozen manifest becomes statistics that show, day by day."""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from scienceops.core.captures import CaptureLayout
from scienceops.core.names import (
    LATENCY,
    PREDICTION,
    QUALITY,
    Partition,
    model_id,
    run_result_key,
    version_file_key,
)
from scienceops.core.schema import Schema
from scienceops.core.stats.baseline import Baseline
from scienceops.core.stats.catalogue import Feature, compute
from scienceops.core.stats.quality import Quality, measure_quality
from scienceops.core.stats.terms import DRIFT, VERDICTS, WINDOW_DAYS
from scienceops.core.stats.verdicts import Comparison, compare, judge
from scienceops.errors import ObjectNotFound
from scienceops.ports.object_store import ObjectStore
from scienceops.ports.statistics_store import StatisticRow, StatisticsStore
from stats_job.read import Partials, PartitionOrder, read_labels

Engine = Literal["inline", "spark"]
#: order -> the partials of each partition, by its place in the sequence.
Summarise = Callable[[Sequence[PartitionOrder]], list[Partials]]

#: From this many bytes of segments on, Spark's start of 5 to 12 s pays for itself.
SPARK_FROM_BYTES = 256 * 1024**2
#: So many of a kind stand in a result.
MOST_TOLD = 50
#: And so much of what is wrong with each.
MOST_CHARACTERS = 200


@dataclass(frozen=True)
class Run:
    """What the manifest says."""

    identity: str
    number: int
    environment: str
    orders: tuple[PartitionOrder, ...]


def read_run(manifest_key: str, objects: ObjectStore) -> Run:
    """The run as it was frozen, with the schema and baseline of each version."""
    manifest = json.loads(objects.get(manifest_key))
    known: dict[tuple[str, int], tuple[CaptureLayout, Baseline]] = {}
    orders = []
    for entry in manifest["partitions"]:
        place = (entry["service"], entry["version"])
        if place not in known:
            known[place] = _read_version(*place, objects)
        partition = Partition(*place, date.fromisoformat(entry["date"]))
        if entry["keys"]:
            labels = tuple(entry.get("label_keys", ()))
            orders.append(PartitionOrder(partition, tuple(entry["keys"]), labels, *known[place]))
    return Run(manifest["run_id"], manifest["run_number"], manifest["environment"], tuple(orders))


def choose_engine(asked: str, run: Run, objects: ObjectStore) -> Engine:
    """The engine asked for; `auto` takes spark once the segments are large."""
    if asked == "spark":
        return "spark"
    if asked == "inline":
        return "inline"
    prefixes = {order.partition.prefix for order in run.orders}
    size = sum(info.size_bytes for prefix in prefixes for info in objects.scan(prefix))
    return "spark" if size >= SPARK_FROM_BYTES else "inline"


def execute(
    run: Run, engine: Engine, summarise: Summarise, objects: ObjectStore, store: StatisticsStore
) -> dict[str, Any]:
    """Compute, write, publish; what it came to is put beside the manifest and returned."""
    began = time.monotonic()
    results = summarise(run.orders)
    read = time.monotonic()
    means = _daily_means(run.orders, results, store)
    written = nowhere = 0
    verdicts: Counter[str] = Counter()
    drifted = []
    for order, parts in zip(run.orders, results, strict=True):
        features = _features(order, parts, means)
        unmatched = len(read_labels(order, objects).known) - parts.quality.labelled
        nowhere += unmatched
        rows = [
            *_rows(order, features, run.environment),
            *_quality_rows(order, parts.quality, unmatched, run.environment),
        ]
        written += store.write(run.number, order.partition, rows)
        store.publish(run.number, order.partition)
        for feature in features:
            if feature.name == LATENCY:
                continue
            verdicts[VERDICTS[feature.compared.verdict]] += 1
            if feature.compared.verdict == DRIFT:
                drifted.append(
                    {
                        "service": order.partition.service,
                        "version": order.partition.version,
                        "date": order.partition.date.isoformat(),
                        "feature": feature.name,
                    }
                )
    unread = [
        {"key": key, "why": why[:MOST_CHARACTERS]}
        for part in results
        for key, why in part.unread.items()
    ]
    ended = time.monotonic()
    result = {
        "state": "succeeded",
        "engine": engine,
        "partitions": len(run.orders),
        "rows_read": sum(parts.columns[PREDICTION].rows for parts in results),
        "labelled_rows": sum(parts.quality.labelled for parts in results),
        "unmatched_labels": nowhere,
        "statistics_rows": written,
        "verdicts": {name: verdicts[name] for name in VERDICTS.values()},
        "drifted": drifted[:MOST_TOLD],
        "unread": unread[:MOST_TOLD],
        "unread_objects": len(unread),
        "seconds": {"summarise": round(read - began, 3), "write": round(ended - read, 3)},
    }
    objects.put(run_result_key(run.identity), json.dumps(result).encode())
    return result


def _features(
    order: PartitionOrder,
    parts: Partials,
    means: Mapping[tuple[str, int, str], Mapping[date, float]],
) -> list[Feature]:
    kinds = {name: kind for name, (_, kind) in order.features.items()}
    columns = parts.columns
    then = {name: order.baseline.column(name, kinds[name]) for name in columns}
    compared = judge(
        {name: compare(then[name], part) for name, part in columns.items() if name != LATENCY}
    )
    place = order.partition
    # One day more than the average has, for its change against the day before.
    days = [place.date - timedelta(days=back) for back in range(WINDOW_DAYS, -1, -1)]
    features = []
    for name, part in columns.items():
        known = means.get((place.service, place.version, name), {})
        until = [known.get(day) for day in days]
        features.append(Feature(name, part, then[name], compared.get(name, Comparison()), until))
    return features


def _rows(
    order: PartitionOrder, features: Sequence[Feature], environment: str
) -> list[StatisticRow]:
    place = order.partition
    return [
        StatisticRow(
            environment=environment,
            web_service_name=place.service,
            model_id=model_id(place.service, place.version),
            prediction_date=place.date,
            feature_name=feature.name,
            statistic=statistic,
            value=value,
            n=feature.part.count,
        )
        for feature in features
        for statistic, value in compute(feature)
        if not (feature.name == LATENCY and statistic == "verdict")
    ]


def _quality_rows(
    order: PartitionOrder, quality: Quality, unmatched: int, environment: str
) -> list[StatisticRow]:
    place = order.partition
    found = measure_quality(quality)
    if unmatched:
        # Labels that found no captured row of their request.
        found["unmatched_labels"] = float(unmatched)
    return [
        StatisticRow(
            environment=environment,
            web_service_name=place.service,
            model_id=model_id(place.service, place.version),
            prediction_date=place.date,
            feature_name=QUALITY,
            statistic=statistic,
            value=value,
            n=quality.labelled,
        )
        for statistic, value in found.items()
    ]


def _daily_means(
    orders: Sequence[PartitionOrder], results: Sequence[Partials], store: StatisticsStore
) -> dict[tuple[str, int, str], dict[date, float]]:
    """(service, version, feature) -> day -> mean: of the days that show, then of this run's.

    Those that show are read from as far back as an average of this run reaches, and no further.
    """
    means: dict[tuple[str, int, str], dict[date, float]] = {}
    computed: dict[tuple[str, int], list[date]] = {}
    for order in orders:
        place = order.partition
        computed.setdefault((place.service, place.version), []).append(place.date)
    for (service, version), days in computed.items():
        for row in store.read(
            service,
            versions=[version],
            statistics=["mean"],
            since=min(days) - timedelta(days=WINDOW_DAYS),
            until=max(days),
        ):
            if row.value is not None:
                feature = (service, version, row.feature_name)
                means.setdefault(feature, {})[row.prediction_date] = row.value
    for order, parts in zip(orders, results, strict=True):
        for name, part in parts.columns.items():
            known = means.setdefault((order.partition.service, order.partition.version, name), {})
            mean = None if part.numbers is None else part.numbers.moments.mean
            if mean is None:
                known.pop(order.partition.date, None)
            else:
                known[order.partition.date] = mean
    return means


def _read_version(
    service: str, version: int, objects: ObjectStore
) -> tuple[CaptureLayout, Baseline]:
    manifest = json.loads(objects.get(version_file_key(service, version, "manifest.json")))
    document = json.loads(objects.get(version_file_key(service, version, "schema.json")))
    layout = CaptureLayout(
        manifest["task"], Schema.from_json_schema(document), tuple(manifest["classes"])
    )
    try:
        data = objects.get(version_file_key(service, version, "baseline.parquet"))
    except ObjectNotFound:
        return layout, Baseline({})
    return layout, Baseline.from_parquet(data)
