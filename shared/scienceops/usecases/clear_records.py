"""Clear records: remove those of ended work that are older than the platform keeps them.

These are statistics runs with what they wrote of themselves, alerts that were sent, and uploads
that were refused. Versions, deployments, retrainings, flags, tokens and the ledger are kept for
good, and of the rest whatever is still shown, under way, or asked for by what comes next.

That some are gone is written down before the first goes. Everything is done again after a clean-up
that died halfway, and one that meets another does what the other has left.
"""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from scienceops.core.alert_records import delivery_key
from scienceops.core.cleared import Cleared, Kind, name_of, old_deliveries, old_runs
from scienceops.core.names import run_id, run_manifest_key, run_result_key
from scienceops.core.versions import Rejection
from scienceops.errors import ObjectNotFound, RevisionConflict
from scienceops.ports import Ports
from scienceops.ports.model_registry import Record
from scienceops.usecases.find_runs import read_runs
from scienceops.usecases.records import (
    PLATFORM,
    Clock,
    Stored,
    find,
    find_all,
    save,
    service_names,
    stamp,
)
from scienceops.usecases.watch_alerts import read_deliveries

log = logging.getLogger(__name__)

KEY = "cleared"
#: Looking through all records is work, and they are counted in days.
EVERY = timedelta(hours=6)
#: Records that one turn of the clock removes; the next one goes on.
MOST = 500
SIDE_BY_SIDE = 8


@dataclass(frozen=True)
class Old:
    """A record that can go, and the objects that go before it."""

    what: str
    record: Record
    objects: tuple[str, ...] = ()


def clear_records(ports: Ports, clock: Clock, keep_days: float) -> None:
    """Remove what is older than so many days, if nobody looked lately; 0 keeps everything."""
    noted, now = _read(ports), clock()
    looked_at = noted.value.looked_at
    if not keep_days or (looked_at and now - datetime.fromisoformat(looked_at) < EVERY):
        return
    before = now - timedelta(days=keep_days)
    found = list(_find(ports, before))
    try:
        if found:
            gone = {**noted.value.gone_before, **{old.what: stamp(before) for old in found}}
            noted = save(ports.registry, noted, noted.value.changed(gone_before=gone), at=now)
            with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
                list(pool.map(partial(_remove, ports), found[:MOST]))
            log.info("old records removed", extra={"count": len(found[:MOST])})
        if len(found) <= MOST:
            save(ports.registry, noted, noted.value.changed(looked_at=stamp(now)), at=now)
    except RevisionConflict:
        log.info("old records are removed by another")


def gone_before(ports: Ports, kind: Kind, service: str = "") -> str:
    """The time before which some of these records are gone; empty while all are there."""
    return _read(ports).value.gone_before.get(name_of(kind, service), "")


def _read(ports: Ports) -> Stored[Cleared]:
    found = find(ports.registry, PLATFORM, KEY, Cleared)
    return found or Stored(Cleared(), PLATFORM, KEY)


def _remove(ports: Ports, old: Old) -> None:
    # The record last: without it nobody would know of the objects.
    for key in old.objects:
        ports.objects.delete(key)
    try:
        ports.registry.delete(old.record)
    except RevisionConflict:
        log.info("record is in use again", extra={"key": old.record.key})


def _find(ports: Ports, before: datetime) -> Iterator[Old]:
    yield from _runs(ports, before)
    yield from _rejections(ports, before)
    for name in service_names(ports.registry):
        stored = {d.key: d for d in read_deliveries(name, ports)}
        for delivery in old_deliveries([d.value for d in stored.values()], before):
            found = stored[delivery_key(delivery.rule, delivery.sequence)]
            yield Old(name_of("deliveries", name), _record(found))


def _runs(ports: Ports, before: datetime) -> Iterator[Old]:
    stored = read_runs(ports)
    # The days are read after the runs: what has ended and is not shown then never will be.
    shown = {
        day.run_number
        for name in service_names(ports.registry)
        for day in ports.statistics.days(name)
    }
    by_number = {one.value.number: one for one in stored}
    for run in old_runs([one.value for one in stored], shown, before):
        name = run_id(run.number)
        objects = (run_manifest_key(name), run_result_key(name))
        yield Old(name_of("runs"), _record(by_number[run.number]), objects)


def _rejections(ports: Ports, before: datetime) -> Iterator[Old]:
    for stored in find_all(ports.registry, PLATFORM, "rejection/", Rejection):
        if datetime.fromisoformat(stored.value.at) < before and _is_gone(stored.value, ports):
            yield Old(name_of("rejections"), _record(stored))


def _is_gone(rejection: Rejection, ports: Ports) -> bool:
    """Whether the upload is there no more; one that is would be refused again with a new look."""
    try:
        return ports.objects.stat(rejection.key).size_bytes != rejection.size_bytes
    except ObjectNotFound:
        return True


def _record(stored: Stored[Any]) -> Record:
    return Record(stored.partition, stored.key, stored.revision, stored.value.to_body())
