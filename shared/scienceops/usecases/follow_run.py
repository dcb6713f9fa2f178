"""Follow a run: start its job, see how it is doing, start it again when it failed."""

import json
import logging
from dataclasses import replace
from datetime import datetime, timedelta

from scienceops.core.names import run_id, run_manifest_key, run_result_key
from scienceops.core.versions import OPEN_RUNS, RunState, StatisticsRun
from scienceops.errors import ObjectNotFound, RevisionConflict
from scienceops.ports import Ports
from scienceops.ports.job_launcher import JobOrder, JobState
from scienceops.usecases.find_runs import current_runs, ledgered, read_run
from scienceops.usecases.records import Clock, Stored, save, stamp
from scienceops.usecases.take_announcements import FREEZE_SECONDS

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
JOB_TIMEOUT_SECONDS = 3600
#: After this many attempts a run no longer holds back the next one.
PATIENCE = 3
LONGEST_WAIT_SECONDS = 3600


def follow_run(number: int, ports: Ports, clock: Clock) -> float | None:
    """Take the run's next step; seconds until the next look, None when it has ended."""
    stored = read_run(number, ports)
    if stored is None:
        return None
    try:
        match stored.value.state:
            case RunState.FREEZING:
                return _abandon_if_stuck(stored, ports, clock)
            case RunState.READY | RunState.FAILING:
                return _start(stored, ports, clock)
            case RunState.RUNNING:
                return _look(stored, ports, clock)
            case _:
                return None
    except RevisionConflict:
        return LOOK_SECONDS


def fail_attempt(number: int, reason: str, ports: Ports, clock: Clock) -> float | None:
    """Count a failed attempt of a run whose step fails however often it is taken.

    Seconds until the next attempt, None for a run that makes none. A job that runs may run on: it
    writes what the next one writes, of the same frozen manifest.
    """
    stored = read_run(number, ports)
    if stored is None or stored.value.state not in OPEN_RUNS - {RunState.FREEZING}:
        return None
    run = stored.value
    begun = run.attempt if run.state is RunState.RUNNING else run.attempt + 1
    counted = run.model_copy(update={"attempt": begun})
    return _try_again(replace(stored, value=counted), reason, ports, clock)


def _abandon_if_stuck(stored: Stored[StatisticsRun], ports: Ports, clock: Clock) -> float | None:
    # Its freezer died; the messages it took come back by themselves and make another run.
    age = clock() - datetime.fromisoformat(stored.value.requested_at)
    if age.total_seconds() < FREEZE_SECONDS:
        return FREEZE_SECONDS - age.total_seconds()
    save(
        ports.registry,
        stored,
        stored.value.model_copy(update={"state": RunState.ABANDONED}),
        at=clock(),
        action=ledgered(stored.value, "statistics abandoned"),
        why="the process that prepared the run died",
        details={"run": stored.value.number},
    )
    return None


def _start(stored: Stored[StatisticsRun], ports: Ports, clock: Clock) -> float | None:
    run = stored.value
    if run.retry_at:
        left = (datetime.fromisoformat(run.retry_at) - clock()).total_seconds()
        if left > 0:
            return left
    attempt = run.attempt + 1
    job_id = ports.jobs.start(
        JobOrder(
            key=f"{run_id(run.number)}-{attempt}",
            module="stats_job",
            arguments=("--manifest", run_manifest_key(run_id(run.number)), "--engine", run.engine),
            timeout_seconds=JOB_TIMEOUT_SECONDS,
        )
    )
    changes = {"state": RunState.RUNNING, "attempt": attempt, "job_id": job_id, "retry_at": ""}
    save(ports.registry, stored, run.model_copy(update=changes), at=clock())
    return LOOK_SECONDS


def _look(stored: Stored[StatisticsRun], ports: Ports, clock: Clock) -> float | None:
    run = stored.value
    status = ports.jobs.status(run.job_id)
    if status.state is JobState.RUNNING:
        return LOOK_SECONDS
    if status.state is JobState.SUCCEEDED:
        try:
            result = json.loads(ports.objects.get(run_result_key(run_id(run.number))))
        except ObjectNotFound:
            return _try_again(stored, "the job ended without a result", ports, clock)
        ended = run.model_copy(update={"state": RunState.SUCCEEDED, "result": result, "reason": ""})
        save(
            ports.registry,
            stored,
            ended,
            at=clock(),
            action=ledgered(run, "statistics computed"),
            details={"run": run.number, "engine": result["engine"]},
        )
        # A run that is still open may have rows that it has yet to show.
        still_open = [r.number for r in current_runs(ports) if r.state in OPEN_RUNS]
        ports.statistics.purge(before_run=min([run.number, *still_open]))
        log.info("run succeeded", extra={"run": run.number, "engine": result["engine"]})
        return None
    return _try_again(stored, "\n".join((status.reason, *status.log_tail)), ports, clock)


def _try_again(stored: Stored[StatisticsRun], reason: str, ports: Ports, clock: Clock) -> float:
    run = stored.value
    # Bounded before it is raised to a power: a run that fails for weeks has thousands of attempts.
    wait = min(5.0 * float(2 ** min(run.attempt, 10)), float(LONGEST_WAIT_SECONDS))
    state = RunState.READY if run.attempt < PATIENCE else RunState.FAILING
    changes = {
        "state": state,
        "reason": reason,
        "retry_at": stamp(clock() + timedelta(seconds=wait)),
    }
    save(
        ports.registry,
        stored,
        run.model_copy(update=changes),
        at=clock(),
        action=ledgered(run, "statistics failed"),
        why=reason[:2000],
        details={"run": run.number, "attempt": run.attempt},
    )
    log.warning("run failed", extra={"run": run.number, "attempt": run.attempt, "wait": wait})
    return wait
