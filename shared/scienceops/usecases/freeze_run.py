"""Freeze a run: decide which partitions it recomputes and write down exactly what it reads.

Order matters. Messages are taken first, then the run's number, then the listing: a segment put
after the listing is announced by a message that is still on the queue, so a later run, with a
higher number, will read it. Of each partition messages are held until the manifest is stored.
"""

import json
import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

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
from scienceops.usecases.freeze_partitions import freeze_partitions
from scienceops.usecases.records import (
    STATISTICS,
    Clock,
    Stored,
    number_key,
    save,
    stamp,
)
from scienceops.usecases.take_announcements import (
    TAKE_SECONDS,
    acknowledge_all,
    announced_by,
    take_announcements,
)

log = logging.getLogger(__name__)

#: How long messages are taken while somebody waits for an answer.
HASTY_SECONDS = 5


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
    seconds = HASTY_SECONDS if service else TAKE_SECONDS
    deliveries = take_announcements(ports.queue, clock, take_seconds=seconds)
    announced = {announced_by(delivery) for delivery in deliveries}
    if service:
        deliveries = _give_back_others(service, deliveries, ports)
        present = partitions_under(service, ports.objects)
    else:
        present = _with_followers(announced, ports.objects)
    if not present:
        acknowledge_all(deliveries, ports.queue)
        return None
    stored = _claim_number(ports, clock, engine, requested_by)
    run = stored.value
    frozen = freeze_partitions(present, ports.objects)
    manifest = {
        "run_id": run_id(run.number),
        "run_number": run.number,
        "engine": engine,
        "environment": environment,
        "requested_at": run.requested_at,
        "partitions": frozen,
    }
    ports.objects.put(run_manifest_key(run_id(run.number)), json.dumps(manifest).encode())
    ready = run.model_copy(
        update={
            "state": RunState.READY,
            "partitions": len(frozen),
            "segments": sum(len(partition["keys"]) for partition in frozen),
        }
    )
    save(ports.registry, stored, ready, at=clock())
    acknowledge_all(deliveries, ports.queue)
    log.info("run frozen", extra={"run": run.number, "partitions": len(frozen)})
    return ready


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


def partitions_under(service: str, objects: ObjectStore) -> set[Partition]:
    """Every partition of a service that has captures."""
    found = set()
    for info in objects.scan(f"{CAPTURES_PREFIX}{service}/"):
        try:
            found.add(Partition.of_key(info.key))
        except BadInput:
            log.warning("object is no capture", extra={"key": info.key})
    return found


def _with_followers(announced: Iterable[Partition], objects: ObjectStore) -> set[Partition]:
    """Those that have captures of the announced days and the days whose averages these enter.

    Each day is looked for by itself: a version has captures of a year, an object for each call.
    """
    wanted = {
        replace(partition, date=partition.date + timedelta(days=after))
        for partition in announced
        for after in range(WINDOW_DAYS + 1)
    }
    return {partition for partition in wanted if any(objects.scan(partition.prefix))}


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
