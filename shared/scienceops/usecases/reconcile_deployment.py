"""Reconcile a deployment: bring what the platform runs in line with what is desired."""

import logging
from datetime import datetime, timedelta
from typing import Any

from scienceops.core.access import derive_key, hash_key
from scienceops.core.messages import WORK, ReconcileDeployment
from scienceops.core.names import package_key
from scienceops.core.policy import Policy, kept_policy
from scienceops.core.versions import Deployment, Service, VersionState
from scienceops.errors import RevisionConflict
from scienceops.ports import Ports
from scienceops.ports.service_runtime import DeployOrder, Observed, ServiceStatus
from scienceops.usecases.platform_secrets import gateway_secret
from scienceops.usecases.records import (
    Clock,
    Stored,
    read_deployment,
    read_service,
    read_version,
    save,
    stamp,
    update,
)

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
#: A scorer that fails is started again at once, then after pauses that double from the shortest to
#: the longest, until it is ready: it costs a start and an entry in the ledger each time.
SHORTEST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 300.0


def ask_to_run(service: str, version: int, ports: Ports, clock: Clock) -> None:
    """Want the version to run, from now on."""

    def change(deployment: Deployment) -> Deployment | None:
        if deployment.desired == "running":
            return None
        return deployment.model_copy(update={"desired": "running", "stop_after": ""})

    update(
        ports.registry,
        lambda: read_deployment(ports.registry, service, version),
        change,
        at=clock(),
        action="deployment wanted",
        details={"version": version},
    )


def ask_to_stop(
    service: str, version: int, ports: Ports, clock: Clock, *, after_seconds: float
) -> None:
    """Want the version to stop once `after_seconds` have passed, unless it is wanted again."""
    now = clock()

    def change(deployment: Deployment) -> Deployment | None:
        if deployment.desired == "stopped":
            return None
        stop_after = stamp(now + timedelta(seconds=after_seconds))
        return deployment.model_copy(update={"desired": "stopped", "stop_after": stop_after})

    update(
        ports.registry,
        lambda: read_deployment(ports.registry, service, version),
        change,
        at=now,
        action="deployment no longer wanted",
        details={"version": version},
    )
    message = ReconcileDeployment(service=service, version=version)
    ports.queue.send(WORK, message.to_body(), delay_seconds=after_seconds)


def reconcile_deployment(service: str, version: int, ports: Ports, clock: Clock) -> float | None:
    """Start, restart or stop the version; seconds until the next look, None when done."""
    stored = read_deployment(ports.registry, service, version)
    if stored.revision == 0:
        return None
    try:
        if stored.value.desired == "running":
            return _keep_running(stored, ports, clock)
        return _stop(stored, ports, clock)
    except RevisionConflict:
        return 0.0


def _settings(policy: Policy) -> dict[str, str]:
    """What the policy says of how a scorer runs. An older image knows the defaults alone."""
    told: dict[str, str] = {}
    if policy.capture != "durable":
        told["SCORER_CAPTURE"] = policy.capture
    if policy.capture_sampling != 1.0:
        told["SCORER_SAMPLING"] = str(policy.capture_sampling)
    if policy.direct:
        told["SCORER_DIRECT"] = "true"
    return told


def _keep_running(stored: Stored[Deployment], ports: Ports, clock: Clock) -> float | None:
    deployment = stored.value
    name, number = deployment.service, deployment.version
    status = ports.runtime.status(name, number)
    service = read_service(ports.registry, name).value
    failed = status.observed is Observed.FAILED and (
        number in service.serving or _is_proved(name, number, ports)
    )
    pause = _seconds_until(deployment.start_after, clock()) if failed else 0.0
    if (failed and pause <= 0) or status.observed is Observed.STOPPED:
        started = _start(deployment, service, ports)
        return _write_down(deployment, started, status, ports, clock)
    if deployment.starts == 0:
        # Whoever started it has not written so yet, and may have died before it could.
        return _write_down(deployment, _frozen(deployment, service), None, ports, clock)
    seen: dict[str, Any] = {
        "observed": status.observed.value,
        "endpoint": status.endpoint,
        "reason": _reason(deployment, status),
    }
    if any(getattr(deployment, field) != value for field, value in seen.items()):
        if status.observed is Observed.READY:
            seen |= {"failed_starts": 0, "start_after": ""}
        save(ports.registry, stored, deployment.model_copy(update=seen), at=clock())
    # One that failed is looked at by the clock.
    return LOOK_SECONDS if status.observed is Observed.STARTING else None


def _reason(deployment: Deployment, status: ServiceStatus) -> str:
    """Why it stands as it does; while it starts again after a failure, still that failure."""
    if status.observed is Observed.STARTING and deployment.failed_starts:
        return deployment.reason
    return status.reason


def _is_proved(name: str, number: int, ports: Ports) -> bool:
    """Whether a start that fails is no answer to the proof, but an accident of a candidate."""
    return read_version(ports.registry, name, number).value.state is VersionState.PROVED


def _seconds_until(moment: str, now: datetime) -> float:
    return (datetime.fromisoformat(moment) - now).total_seconds() if moment else 0.0


def _after_failure(deployment: Deployment, now: datetime) -> dict[str, Any]:
    """What a start after a failure adds: how many there were, and when the next may come."""
    # After some days of failures the power itself would be too large for a float.
    doubled = 2.0 ** min(deployment.failed_starts, 16)
    pause = min(SHORTEST_PAUSE_SECONDS * doubled, LONGEST_PAUSE_SECONDS)
    return {
        "failed_starts": deployment.failed_starts + 1,
        "start_after": stamp(now + timedelta(seconds=pause)),
    }


def _frozen(deployment: Deployment, service: Service) -> Deployment:
    """The deployment with what its scorer is told of the policy.

    What a version began with it goes on with: its captures are of one kind.
    """
    if deployment.starts > 0:
        return deployment
    policy = kept_policy(service.policy)
    told = {"settings": _settings(policy), "runtime": policy.runtime}
    return deployment.model_copy(update=told)


def _start(deployment: Deployment, service: Service, ports: Ports) -> Deployment:
    name, number = deployment.service, deployment.version
    version = read_version(ports.registry, name, number).value
    frozen = _frozen(deployment, service)
    key = derive_key(gateway_secret(ports.secrets), name, number)
    ports.runtime.start(
        DeployOrder(
            service=name,
            version=number,
            image=version.image,
            package_key=package_key(name, number),
            package_digest=version.digest,
            gateway_key_sha256=hash_key(key),
            settings=frozen.settings,
            runtime=frozen.runtime,
        )
    )
    return frozen


def _write_down(
    seen: Deployment,
    started: Deployment,
    before: ServiceStatus | None,
    ports: Ports,
    clock: Clock,
) -> float:
    """Enter one start, once, whatever others wrote of the deployment while it was made.

    before: how it was when it was started, None when nobody knows.
    """
    name, number = seen.service, seen.version
    again = seen.starts > 0
    why = before.reason if before else ""
    failed = before is not None and before.observed is Observed.FAILED

    def change(now: Deployment) -> Deployment | None:
        if now.starts != seen.starts:
            return None
        return now.model_copy(
            update={
                "observed": Observed.STARTING.value,
                "endpoint": "",
                "reason": why,
                "starts": seen.starts + 1,
                "settings": dict(started.settings),
                "runtime": started.runtime,
                **(_after_failure(now, clock()) if failed else {}),
            }
        )

    update(
        ports.registry,
        lambda: read_deployment(ports.registry, name, number),
        change,
        at=clock(),
        action="service restarted" if again else "service started",
        why=why,
        details={"version": number},
    )
    log.info("service started", extra={"service": name, "version": number, "again": again})
    return LOOK_SECONDS


def _stop(stored: Stored[Deployment], ports: Ports, clock: Clock) -> float | None:
    deployment = stored.value
    left = _seconds_until(deployment.stop_after, clock())
    if left > 0:
        return left
    ports.runtime.stop(deployment.service, deployment.version)
    if deployment.observed != Observed.STOPPED.value:
        stopped = {"observed": Observed.STOPPED.value, "endpoint": "", "reason": ""}
        save(
            ports.registry,
            stored,
            deployment.model_copy(update=stopped),
            at=clock(),
            action="service stopped",
            details={"version": deployment.version},
        )
    return None
