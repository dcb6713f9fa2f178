"""Alert rules: for each, what there is to tell of a service now, or None when all is well."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from scienceops.core.alerts import Rule
from scienceops.core.names import QUALITY, Partition, run_id, run_manifest_key
from scienceops.core.policy import Policy
from scienceops.core.stats.terms import DRIFT, LEAST_ROWS
from scienceops.core.versions import MADE_LIVE, RunState, Service, StatisticsRun, VersionState
from scienceops.errors import ObjectNotFound
from scienceops.ports import Ports
from scienceops.usecases.follow_run import PATIENCE
from scienceops.usecases.records import read_versions

#: A list of names is cut here: an event is to be read, the page has them all.
MOST_NAMES = 50
MOST_REASON = 500


@dataclass(frozen=True)
class Finding:
    """What a rule found. The same `content` is the same alert; `details` are told with it."""

    content: str
    details: Mapping[str, Any]


@dataclass
class Scene:
    """What the rules look at: one service at one time, read when a rule asks for it."""

    service: Service
    policy: Policy
    ports: Ports
    now: datetime
    #: The statistics runs of every service, from the oldest that has not ended on, oldest first.
    runs: Callable[[], list[StatisticsRun]]

    @cached_property
    def newest_day(self) -> Partition | None:
        """The newest day with visible statistics, of the live version where several have it."""
        days = [day.partition for day in self.ports.statistics.days(self.service.name)]
        live = self.service.live
        return max(days, key=lambda p: (p.date, p.version == live, p.version), default=None)


def find_drift(scene: Scene) -> Finding | None:
    """Features whose verdict on the newest day is drift."""
    day = scene.newest_day
    if day is None:
        return None
    rows = scene.ports.statistics.read(
        day.service,
        versions=[day.version],
        statistics=["verdict"],
        since=day.date,
        until=day.date,
    )
    features = sorted(row.feature_name for row in rows if row.value == DRIFT)
    if not features:
        return None
    where = {"version": day.version, "day": day.date.isoformat()}
    details = {**where, "features": features[:MOST_NAMES], "features_count": len(features)}
    return Finding(_identity({**where, "features": features}), details)


def find_poor_quality(scene: Scene) -> Finding | None:
    """The accuracy or r2 of the newest day with LEAST_ROWS labels, when it is below the bound."""
    bound = scene.policy.alert_quality_below
    if bound is None:
        return None
    rows = scene.ports.statistics.read(
        scene.service.name, features=[QUALITY], statistics=["accuracy", "r2"]
    )
    known = [(row.prediction_date, _version_of(row.model_id), row) for row in rows]
    known = [one for one in known if one[2].value is not None and one[2].n >= LEAST_ROWS]
    if not known:
        return None
    day, version, row = max(known, key=lambda one: (one[0], one[1] == scene.service.live, one[1]))
    if row.value is None or row.value >= bound:
        return None
    # The value itself is no part of the identity: it moves with each label of a day.
    same = {
        "version": version,
        "day": day.isoformat(),
        "statistic": row.statistic,
        "below": bound,
    }
    return Finding(_identity(same), {**same, "value": row.value, "n": row.n})


def find_failed_build(scene: Scene) -> Finding | None:
    """The newest version, when it has failed."""
    versions = read_versions(scene.ports.registry, scene.service.name)
    if not versions or versions[-1].value.state is not VersionState.FAILED:
        return None
    version = versions[-1].value
    same = {"version": version.number, "attempt": version.attempt}
    return Finding(_identity(same), {**same, "reason": version.reason[:MOST_REASON]})


def find_failed_run(scene: Scene) -> Finding | None:
    """The newest statistics run that has come to a verdict on this service, when it keeps failing.

    A run that is retried is still failing until it has succeeded.
    """
    runs = scene.runs()
    if not any(_keeps_failing(run) for run in runs):
        return None
    for run in reversed(runs):
        failing = _keeps_failing(run)
        if (failing or run.state is RunState.SUCCEEDED) and _concerns(run, scene):
            if not failing:
                return None
            same = {"run": run.number}
            return Finding(_identity(same), {**same, "reason": run.reason[:MOST_REASON]})
    return None


def find_no_traffic(scene: Scene) -> Finding | None:
    """The live version, when no UTC day that reaches into the last hours has a captured row."""
    hours = scene.policy.alert_no_traffic_hours
    live = scene.service.live
    if not hours or live is None:
        return None
    since = scene.now - timedelta(hours=hours)
    if any(_has_captures(partition, scene) for partition in _partitions(scene, since)):
        return None
    if _live_since(scene) > since:
        return None
    same = {"version": live, "hours": hours}
    return Finding(_identity(same), same)


RULES: Mapping[Rule, Callable[[Scene], Finding | None]] = {
    "drift": find_drift,
    "quality": find_poor_quality,
    "failed_build": find_failed_build,
    "failed_run": find_failed_run,
    "no_traffic": find_no_traffic,
}


def _identity(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True)


def _version_of(model: str) -> int:
    return int(model.rpartition(":")[2])


def _keeps_failing(run: StatisticsRun) -> bool:
    tried_again = run.state is RunState.RUNNING and run.attempt > PATIENCE
    return run.state is RunState.FAILING or tried_again


def _concerns(run: StatisticsRun, scene: Scene) -> bool:
    try:
        manifest = json.loads(scene.ports.objects.get(run_manifest_key(run_id(run.number))))
    except ObjectNotFound:
        return False
    return any(p["service"] == scene.service.name for p in manifest["partitions"])


def _partitions(scene: Scene, since: datetime) -> Iterator[Partition]:
    name = scene.service.name
    versions = [stored.value.number for stored in read_versions(scene.ports.registry, name)]
    # The live version first, and today first: mostly the first look finds something.
    versions.sort(key=lambda number: (number != scene.service.live, -number))
    for number in versions:
        day = scene.now.date()
        while day >= since.date():
            yield Partition(name, number, day)
            day -= timedelta(days=1)


def _has_captures(partition: Partition, scene: Scene) -> bool:
    return next(iter(scene.ports.objects.scan(partition.prefix)), None) is not None


def _live_since(scene: Scene) -> datetime:
    entries = scene.ports.registry.ledger(scene.service.name, action=MADE_LIVE, most=1)
    return entries[0].at if entries else datetime.min.replace(tzinfo=scene.now.tzinfo)
