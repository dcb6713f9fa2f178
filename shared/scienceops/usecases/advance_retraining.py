"""Advance a retraining: select, train, wait for the candidate, compare, and decide by policy.

Like a version's steps, each reads the registry first and writes by compare-and-set last. Each job
has one key, so asking for it twice starts it once (see retraining_job.py).
"""

import json
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from scienceops.core.names import training_result_key
from scienceops.core.policy import Policy, kept_policy
from scienceops.core.retraining import MOVING, Retraining, RetrainingState, is_better
from scienceops.core.versions import RESTING, VersionState
from scienceops.errors import ObjectNotFound, RevisionConflict
from scienceops.ports import Ports
from scienceops.ports.job_launcher import JobState
from scienceops.usecases.decide_candidate import decide_candidate
from scienceops.usecases.reconcile_deployment import ask_to_run, reconcile_deployment
from scienceops.usecases.records import (
    Clock,
    Stored,
    read_service,
    read_version,
    read_versions,
    save,
    stamp,
)
from scienceops.usecases.register_candidate import register_candidate
from scienceops.usecases.request_retraining import read_retraining
from scienceops.usecases.retraining_job import begin_job, end_job, order_job

log = logging.getLogger(__name__)

AT_ONCE = 0.0
LOOK_SECONDS = 0.5
SELECT_SECONDS = 1800.0
COMPARE_SECONDS = 1800.0
#: An upload whose event has not made a version of it by then is registered from here.
EVENT_SECONDS = 120.0


def advance_retraining(
    name: str, number: int, ports: Ports, clock: Clock, *, limit_bytes: int
) -> float | None:
    """Take the next step; seconds until the next look, None when it rests.

    limit_bytes: the largest package, unzipped, that becomes a version.
    """
    stored = read_retraining(name, number, ports)
    steps: dict[RetrainingState, Callable[[], float | None]] = {
        RetrainingState.SELECTING: lambda: _select(stored, ports, clock),
        RetrainingState.TRAINING: lambda: _train(stored, ports, clock),
        RetrainingState.UPLOADED: lambda: _await_candidate(stored, ports, clock, limit_bytes),
        RetrainingState.COMPARING: lambda: _compare(stored, ports, clock),
        RetrainingState.COMPARED: lambda: decide_candidate(stored, ports, clock),
        RetrainingState.CANCELLED: lambda: end_job(stored.value, ports),
    }
    step = steps.get(stored.value.state)
    if step is None:
        return None
    try:
        return step()
    except RevisionConflict:
        return AT_ONCE


def fail_retraining(name: str, number: int, reason: str, ports: Ports, clock: Clock) -> None:
    """End the retraining as failed, with the reason, unless it rests; its job is ended, too."""
    stored = read_retraining(name, number, ports)
    if stored.value.state not in MOVING:
        return
    _fail(stored, reason, ports, clock)
    end_job(stored.value, ports)


def _select(stored: Stored[Retraining], ports: Ports, clock: Clock) -> float | None:
    found = _follow(stored, "select", SELECT_SECONDS, ports, clock)
    if not isinstance(found, dict):
        return found
    problems = found["report"]["problems"]
    if problems:
        return _fail(stored, "; ".join(problems), ports, clock, report=found["report"])
    return _move(
        stored,
        RetrainingState.TRAINING,
        "training set frozen",
        ports,
        clock,
        training_set=found["training_set"],
        report=found["report"],
        job_id="",
    )


def _train(stored: Stored[Retraining], ports: Ports, clock: Clock) -> float | None:
    seconds = _policy(stored.value.service, ports).retrain_minutes * 60
    base = read_version(ports.registry, stored.value.service, stored.value.base).value
    image = base.training_image or base.image
    found = _follow(stored, "train", seconds, ports, clock, image=image)
    if not isinstance(found, dict):
        return found
    return _move(
        stored,
        RetrainingState.UPLOADED,
        "candidate uploaded",
        ports,
        clock,
        package_digest=found["package_digest"],
        uploaded_at=stamp(clock()),
        job_id="",
    )


def _await_candidate(
    stored: Stored[Retraining], ports: Ports, clock: Clock, limit_bytes: int
) -> float | None:
    """Look how far the candidate is. Its own messages lead it on, so none is sent from here."""
    retraining = stored.value
    for candidate in read_versions(ports.registry, retraining.service):
        version = candidate.value
        if version.digest != retraining.package_digest:
            continue
        if version.state is VersionState.PROVED:
            return _move(
                stored,
                RetrainingState.COMPARING,
                "candidate proved",
                ports,
                clock,
                version=version.number,
            )
        if version.state in RESTING:
            reason = f"candidate {version.number} {version.state}: {version.reason}"
            return _fail(stored, reason, ports, clock, version=version.number)
        return LOOK_SECONDS
    since = datetime.fromisoformat(retraining.uploaded_at or retraining.requested_at)
    if (clock() - since).total_seconds() < EVENT_SECONDS:
        return LOOK_SECONDS
    reason = register_candidate(retraining, ports, clock, limit_bytes)
    return _fail(stored, reason, ports, clock) if reason else AT_ONCE


def _compare(stored: Stored[Retraining], ports: Ports, clock: Clock) -> float | None:
    retraining = stored.value
    live = read_service(ports.registry, retraining.service).value.live
    extra = ("--live", str(live), "--candidate", str(retraining.version))
    candidate = read_version(ports.registry, retraining.service, retraining.version or 0).value
    if candidate.state is not VersionState.PROVED:
        end_job(retraining, ports)
        reason = f"candidate {candidate.number} {candidate.state}: {candidate.reason}"
        return _fail(stored, reason, ports, clock)
    # The job waits a minute for a candidate that has crashed or was stopped, and the clock may turn
    # less often than that.
    ask_to_run(candidate.service, candidate.number, ports, clock)
    reconcile_deployment(candidate.service, candidate.number, ports, clock)
    found = _follow(
        stored,
        "compare",
        COMPARE_SECONDS,
        ports,
        clock,
        # The newer image of the two holds the newer comparison.
        calling_image=candidate.training_image,
        extra=extra,
    )
    if not isinstance(found, dict):
        return found
    policy = _policy(retraining.service, ports)
    better, why = is_better(found, margin=policy.margin, tolerance=policy.tolerance)
    comparison = {**found, "better": better, "why": why}
    by_policy = better and policy.candidates == "auto_if_better"
    _move(
        stored,
        RetrainingState.COMPARED,
        "candidate compared",
        ports,
        clock,
        why=("better: " if better else "not better: ") + why,
        comparison=comparison,
        to_decide=by_policy,
        job_id="",
    )
    return AT_ONCE


def _follow(
    stored: Stored[Retraining],
    step: str,
    seconds: float,
    ports: Ports,
    clock: Clock,
    *,
    image: str = "",
    calling_image: str = "",
    extra: tuple[str, ...] = (),
) -> dict[str, Any] | float | None:
    """The step's result once its job has ended; else when to look again, None when it failed."""
    retraining = stored.value
    name, number = retraining.service, retraining.number
    if not retraining.job_id:
        order = order_job(
            retraining, step, seconds, image=image, calling_image=calling_image, extra=extra
        )
        begin_job(stored, order, ports, clock)
        return AT_ONCE
    status = ports.jobs.status(retraining.job_id)
    if status.state is JobState.RUNNING:
        return LOOK_SECONDS
    if status.state is JobState.SUCCEEDED:
        try:
            result: dict[str, Any] = json.loads(
                ports.objects.get(training_result_key(name, number, step))
            )
        except ObjectNotFound:
            return _fail(stored, f"{step} ended without a result", ports, clock)
        return result
    reason = f"{step}: {status.reason}"
    return _fail(stored, reason, ports, clock, log_tail=status.log_tail)


def _move(
    stored: Stored[Retraining],
    state: RetrainingState,
    action: str,
    ports: Ports,
    clock: Clock,
    *,
    why: str = "",
    **changes: Any,
) -> float:
    after = stored.value.model_copy(update={"state": state, **changes})
    save(
        ports.registry,
        stored,
        after,
        at=clock(),
        action=action,
        why=why,
        details={
            "retraining": after.number,
            "training_set": after.training_set,
            "version": after.version,
        },
    )
    log.info(action, extra={"service": after.service, "retraining": after.number})
    return AT_ONCE


def _fail(
    stored: Stored[Retraining], reason: str, ports: Ports, clock: Clock, **changes: Any
) -> float | None:
    if stored.value.state in MOVING:
        update = {"state": RetrainingState.FAILED, "reason": reason, **changes}
        save(
            ports.registry,
            stored,
            stored.value.model_copy(update=update),
            at=clock(),
            action="retraining failed",
            why=reason[:2000],
            details={"retraining": stored.value.number},
        )
    return None


def _policy(name: str, ports: Ports) -> Policy:
    return kept_policy(read_service(ports.registry, name).value.policy)
