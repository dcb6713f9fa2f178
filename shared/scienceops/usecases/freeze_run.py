"""Freeze a run: decide which partitions it recomputes and write down exactly what it reads.

Order matters. Messages are taken first, then the run's number, then the listing: a segment put
after the listing is announced by a message that is still on the queue, so a later run, with a
higher number, will read it. Only when the manifest is stored are the messages deleted.
"""

import json
import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from scienceops.core.messages import CAPTURES
from scienceops.core.names import CAPTURES as CAPTURES_PREFIX
from scienceops.core.names import Partition, run_id, run_manifest_key
from scienceops.core.stats.terms import WINDOW_DAYS
from scienceops.core.versions import RunState, StatisticsRun
from scienceops.errors import BadInput, RevisionConflict
from scienceops.ports import Ports
from scienceops.ports.message_queue import Delivery
from scienceops.ports.object_store import ObjectStore
from scienceops.usecases.find_runs import current_runs, ledgered
from scienceops.usecases.records import (
    STATISTICS,
    Clock,
    Stored,
    number_key,
    save,
    stamp,
)

log = logging.getLogger(__name__)

#: Long enough to freeze the largest run; after it the messages would be delivered again.
FREEZE_SECONDS = 300
#: Messages that are acknowledged at a time.
SIDE_BY_SIDE = 8


def freeze_run(
    ports: Ports,
    clock: Clock,
    *,
    engine: str,
    environment: str,
    requested_by: str,
    service: str = "",
) -> StatisticsRun | None:
    """A run that is ready to start, or None when nothing has changed.

    service: recompute every day of this service, changed or not; otherwise what was announced.
    """
    deliveries = _take_all(ports)
    announced = {_partition(delivery) for delivery in deliveries}
    if service:
        deliveries = _give_back_others(service, deliveries, ports)
        present = partitions_under(service, ports.objects)
    else:
        present = _with_followers(announced, ports.objects)
    if not present:
        _acknowledge_all(deliveries, ports)
        return None
    stored = _claim_number(ports, clock, engine, requested_by)
    frozen = {p: _keys(p.prefix, ports.objects) for p in sorted(present)}
    run = stored.value
    manifest = {
        "run_id": run_id(run.number),
        "run_number": run.number,
        "engine": engine,
        "environment": environment,
        "requested_at": run.requested_at,
        "partitions": [
            {
                "service": p.service,
                "version": p.version,
                "date": p.date.isoformat(),
                "keys": keys,
                "label_keys": _keys(p.labels_prefix, ports.objects),
            }
            for p, keys in frozen.items()
        ],
    }
    ports.objects.put(run_manifest_key(run_id(run.number)), json.dumps(manifest).encode())
    ready = run.model_copy(
        update={
            "state": RunState.READY,
            "partitions": len(frozen),
            "segments": sum(len(keys) for keys in frozen.values()),
        }
    )
    save(ports.registry, stored, ready, at=clock())
    _acknowledge_all(deliveries, ports)
    log.info("run frozen", extra={"run": run.number, "partitions": len(frozen)})
    return ready


def _keys(prefix: str, objects: ObjectStore) -> list[str]:
    return [info.key for info in objects.scan(prefix)]


def _take_all(ports: Ports) -> list[Delivery]:
    taken: list[Delivery] = []
    while batch := ports.queue.receive(CAPTURES, most=10, visibility_seconds=FREEZE_SECONDS):
        taken += batch
    return taken


def _acknowledge_all(deliveries: list[Delivery], ports: Ports) -> None:
    # A call to a cloud's queue takes some milliseconds, and a busy hour announces thousands.
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        list(pool.map(ports.queue.acknowledge, deliveries))


def _give_back_others(service: str, taken: list[Delivery], ports: Ports) -> list[Delivery]:
    mine = []
    for delivery in taken:
        if delivery.body["service"] == service:
            mine.append(delivery)
        else:
            # Sent anew rather than released, since a release counts as a failed attempt.
            ports.queue.send(CAPTURES, delivery.body)
            ports.queue.acknowledge(delivery)
    return mine


def _partition(delivery: Delivery) -> Partition:
    body = delivery.body
    return Partition(body["service"], int(body["version"]), date.fromisoformat(body["date"]))


def partitions_under(service: str, objects: ObjectStore) -> set[Partition]:
    """Every partition of a service that has captures."""
    return _partitions(f"{CAPTURES_PREFIX}{service}/", objects)


def _partitions(prefix: str, objects: ObjectStore) -> set[Partition]:
    found = set()
    for info in objects.scan(prefix):
        try:
            found.add(Partition.of_key(info.key))
        except BadInput:
            log.warning("object is no capture", extra={"key": info.key})
    return found


def _with_followers(announced: Iterable[Partition], objects: ObjectStore) -> set[Partition]:
    wanted = set()
    by_version: dict[tuple[str, int], set[Partition]] = {}
    for partition in announced:
        place = (partition.service, partition.version)
        if place not in by_version:
            prefix = f"{CAPTURES_PREFIX}{partition.service}/{partition.version}/"
            by_version[place] = _partitions(prefix, objects)
        last = partition.date + timedelta(days=WINDOW_DAYS)
        wanted |= {p for p in by_version[place] if partition.date <= p.date <= last}
    return wanted


def _claim_number(
    ports: Ports, clock: Clock, engine: str, requested_by: str
) -> Stored[StatisticsRun]:
    while True:
        runs = current_runs(ports)
        number = 1 + (runs[-1].number if runs else 0)
        now = clock()
        run = StatisticsRun(
            number=number, engine=engine, requested_at=stamp(now), requested_by=requested_by
        )
        try:
            return save(
                ports.registry,
                Stored(run, STATISTICS, number_key("run", number)),
                run,
                at=now,
                actor=requested_by,
                action=ledgered(run, "statistics requested"),
                details={"run": number, "engine": engine},
            )
        except RevisionConflict:
            continue
