"""Tick: start what is due and nudge what is stuck, so that a lost message heals."""

import logging
from datetime import datetime

from scienceops.core.messages import (
    CAPTURES,
    WORK,
    AdvanceRetraining,
    AdvanceVersion,
    FollowRun,
    ReconcileDeployment,
)
from scienceops.core.retraining import MOVING
from scienceops.core.versions import RESTING, Deployment
from scienceops.ports import Ports
from scienceops.ports.service_runtime import Observed
from scienceops.usecases.advance_version import awaits_promotion
from scienceops.usecases.due_retrainings import start_due_retrainings
from scienceops.usecases.follow_run import BUSY, OPEN
from scienceops.usecases.freeze_run import freeze_run, read_runs
from scienceops.usecases.publish_access import publish_access
from scienceops.usecases.reconcile_deployment import reconcile_deployment
from scienceops.usecases.records import (
    SYSTEM,
    Clock,
    find_all,
    read_service,
    read_versions,
    service_names,
)
from scienceops.usecases.request_retraining import read_retrainings
from scienceops.usecases.settle_service import settle_service

log = logging.getLogger(__name__)


def tick(
    ports: Ports,
    clock: Clock,
    *,
    statistics_seconds: float,
    drain_seconds: float,
    engine: str,
    environment: str,
) -> None:
    """One turn of the clock; taking it twice does nothing the second time."""
    for name in service_names(ports.registry):
        settle_service(name, ports, clock, drain_seconds)
        publish_access(name, ports)
    wanted = _reconcile_all(ports, clock)
    _stop_strays(ports, wanted)
    _start_statistics(ports, clock, statistics_seconds, engine, environment)
    start_due_retrainings(ports, clock)
    # Only an idle queue is nudged: otherwise each turn would add a message for work in progress.
    if ports.queue.depth(WORK) == 0:
        nudge(ports)


def _reconcile_all(ports: Ports, clock: Clock) -> set[tuple[str, int]]:
    wanted = set()
    for name in service_names(ports.registry):
        for stored in find_all(ports.registry, name, "deployment/", Deployment):
            deployment = stored.value
            if deployment.desired == "running" or deployment.observed != Observed.STOPPED.value:
                reconcile_deployment(name, deployment.version, ports, clock)
                wanted.add((name, deployment.version))
    return wanted


def _stop_strays(ports: Ports, wanted: set[tuple[str, int]]) -> None:
    # A scorer that nobody wants was left by a step that died between start and record.
    for status in ports.runtime.deployments():
        stray = (status.service, status.version) not in wanted
        if stray and status.observed in (Observed.STARTING, Observed.READY):
            log.warning(
                "stray service stopped",
                extra={"service": status.service, "version": status.version},
            )
            ports.runtime.stop(status.service, status.version)


def _start_statistics(
    ports: Ports, clock: Clock, every_seconds: float, engine: str, environment: str
) -> None:
    if ports.queue.depth(CAPTURES) == 0:
        return
    runs = [stored.value for stored in read_runs(ports)]
    if any(run.state in BUSY for run in runs):
        return
    if runs:
        age = clock() - datetime.fromisoformat(runs[-1].requested_at)
        if age.total_seconds() < every_seconds:
            return
    run = freeze_run(ports, clock, engine=engine, environment=environment, requested_by=SYSTEM)
    if run is not None:
        ports.queue.send(WORK, FollowRun(run=run.number).to_body())


def nudge(ports: Ports) -> None:
    """Send a message for everything that is not at rest."""
    for name in service_names(ports.registry):
        service = read_service(ports.registry, name).value
        for stored in read_versions(ports.registry, name):
            version = stored.value
            if version.state not in RESTING or awaits_promotion(version, service):
                message = AdvanceVersion(service=name, version=version.number)
                ports.queue.send(WORK, message.to_body())
        for stored_deployment in find_all(ports.registry, name, "deployment/", Deployment):
            deployment = stored_deployment.value
            if deployment.desired == "stopped" and deployment.observed != "stopped":
                ports.queue.send(
                    WORK,
                    ReconcileDeployment(service=name, version=deployment.version).to_body(),
                )
        for stored_retraining in read_retrainings(name, ports):
            retraining = stored_retraining.value
            if retraining.state in MOVING:
                ports.queue.send(
                    WORK, AdvanceRetraining(service=name, number=retraining.number).to_body()
                )
    for stored_run in read_runs(ports):
        if stored_run.value.state in OPEN:
            ports.queue.send(WORK, FollowRun(run=stored_run.value.number).to_body())
