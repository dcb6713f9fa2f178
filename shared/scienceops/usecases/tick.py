"""Tick: start what is due and nudge what is stuck, so that a lost message heals."""

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from scienceops.core.messages import CAPTURES, WORK, FollowRun
from scienceops.core.versions import BUSY_RUNS, Deployment
from scienceops.ports import Ports
from scienceops.ports.service_runtime import Observed, ServiceStatus
from scienceops.usecases.clear_records import clear_records
from scienceops.usecases.due_retrainings import start_due_retrainings
from scienceops.usecases.find_runs import current_runs
from scienceops.usecases.freeze_run import freeze_run
from scienceops.usecases.guarded import Guarded
from scienceops.usecases.nudge import PATIENCE_SECONDS, nudge_runs, nudge_service
from scienceops.usecases.publish_access import publish_access
from scienceops.usecases.reconcile_deployment import reconcile_deployment
from scienceops.usecases.records import (
    SYSTEM,
    Clock,
    find_all,
    read_deployment,
    service_names,
)
from scienceops.usecases.settle_service import settle_service
from scienceops.usecases.take_announcements import thin_announcements

log = logging.getLogger(__name__)


def tick(
    ports: Ports,
    clock: Clock,
    *,
    statistics_seconds: float,
    drain_seconds: float,
    engine: str,
    environment: str,
    record_days: int,
    at_once: bool = False,
) -> None:
    """One turn of the clock; taking it twice does nothing the second time.

    at_once: whether messages on their way are taken for lost, as they are when a host starts again.

    What fails for one service is logged and holds up neither the others nor the rest of the turn;
    all of it is raised at the end, as an ExceptionGroup.
    """
    guarded = Guarded()
    names = service_names(ports.registry)
    for name in names:
        settle = partial(settle_service, name, ports, clock, drain_seconds)
        guarded.take("settling", name, settle)
        guarded.take("publishing access", name, partial(publish_access, name, ports))
        guarded.take("reconciling", name, partial(_reconcile_all, name, ports, clock, guarded))
    guarded.take("looking for strays", "", partial(_stop_strays, ports, guarded))
    start = partial(_start_statistics, ports, clock, statistics_seconds, engine, environment)
    guarded.take("starting statistics", "", start)
    for name in names:
        due = partial(start_due_retrainings, ports, clock, [name])
        guarded.take("starting retrainings", name, due)
    guarded.take("nudging", "", partial(_nudge, names, ports, clock, guarded, at_once))
    guarded.take("clearing records", "", partial(clear_records, ports, clock, record_days))
    guarded.tell()


def _nudge(
    names: Sequence[str], ports: Ports, clock: Clock, guarded: Guarded, at_once: bool
) -> None:
    # An idle queue has lost the message of whatever is under way.
    idle = at_once or ports.queue.depth(WORK) == 0
    patience = 0.0 if idle else PATIENCE_SECONDS
    for name in names:
        guarded.take("nudging", name, partial(nudge_service, name, ports, clock, patience))
    guarded.take("nudging statistics", "", partial(nudge_runs, ports, clock, patience))


def _reconcile_all(name: str, ports: Ports, clock: Clock, guarded: Guarded) -> None:
    for stored in find_all(ports.registry, name, "deployment/", Deployment):
        deployment = stored.value
        if _is_known_to_run(deployment):
            look = partial(reconcile_deployment, name, deployment.version, ports, clock)
            guarded.take(f"reconciling version {deployment.version}", name, look)


def _is_known_to_run(deployment: Deployment) -> bool:
    return deployment.desired == "running" or deployment.observed != Observed.STOPPED.value


def _stop_strays(ports: Ports, guarded: Guarded) -> None:
    # A scorer that nobody wants was left by a step that died between start and record.
    for status in ports.runtime.deployments():
        if status.observed in (Observed.STARTING, Observed.READY):
            stop = partial(_stop_if_stray, status, ports)
            guarded.take(f"stopping version {status.version}", status.service, stop)


def _stop_if_stray(status: ServiceStatus, ports: Ports) -> None:
    # Read after the platform was asked: a version is recorded as wanted before it is started, so
    # that one which another worker starts in the meantime is no stray.
    name, number = status.service, status.version
    if _is_known_to_run(read_deployment(ports.registry, name, number).value):
        return
    log.warning("stray service stopped", extra={"service": name, "version": number})
    ports.runtime.stop(name, number)


def _start_statistics(
    ports: Ports, clock: Clock, every_seconds: float, engine: str, environment: str
) -> None:
    if ports.queue.depth(CAPTURES) == 0:
        return
    if not _is_run_due(ports, clock, every_seconds):
        thin_announcements(ports.queue, clock)
        return
    run = freeze_run(ports, clock, engine=engine, environment=environment, requested_by=SYSTEM)
    if run is not None:
        ports.queue.send(WORK, FollowRun(run=run.number).to_body())


def _is_run_due(ports: Ports, clock: Clock, every_seconds: float) -> bool:
    runs = current_runs(ports)
    if any(run.state in BUSY_RUNS for run in runs):
        return False
    if not runs:
        return True
    age = clock() - datetime.fromisoformat(runs[-1].requested_at)
    return age.total_seconds() >= every_seconds
