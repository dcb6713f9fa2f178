"""Work whose step fails at every delivery says so where people look, and keeps nothing waiting."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from retraining_scene import NAME, Scene

from scienceops.adapters.local import connect
from scienceops.config import Settings
from scienceops.core.messages import WORK, AdvanceRetraining, AdvanceVersion, FollowRun
from scienceops.core.retraining import Retraining, RetrainingState
from scienceops.core.versions import (
    BUSY_RUNS,
    RunState,
    Service,
    StatisticsRun,
    VersionState,
)
from scienceops.errors import ObjectNotFound
from scienceops.ports import Ports
from scienceops.ports.job_launcher import JobOrder, JobState, JobStatus
from scienceops.ports.message_queue import MAX_ATTEMPTS, Delivery
from scienceops.usecases.advance_version import Steps
from scienceops.usecases.do_work import do_work
from scienceops.usecases.follow_run import PATIENCE
from scienceops.usecases.records import (
    STATISTICS,
    Stored,
    find,
    number_key,
    read_version,
    save,
    stamp,
)
from scienceops.usecases.request_retraining import read_retraining

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RUN = number_key("run", 1)


class BrokenLauncher:
    """A stand-in for a platform whose jobs are out of reach."""

    def __init__(self) -> None:
        self.cancelled: list[str] = []

    def start(self, order: JobOrder) -> str:
        raise OSError(f"no way to {order.key}")

    def status(self, job_id: str) -> JobStatus:
        raise OSError(f"no way to {job_id}")

    def cancel(self, job_id: str) -> None:
        self.cancelled.append(job_id)

    def log(self, job_id: str) -> str:
        return ""


class RefusingLauncher(BrokenLauncher):
    """A stand-in for a platform that begins no job."""

    def start(self, order: JobOrder) -> str:
        return order.key

    def status(self, job_id: str) -> JobStatus:
        return JobStatus(JobState.FAILED, f"the job cannot be started: no place for {job_id}")


@pytest.fixture
def ports(tmp_path: Path) -> Ports:
    return replace(connect(Settings(home=tmp_path)), jobs=BrokenLauncher())


def put_run(ports: Ports, **fields: object) -> None:
    known = {"number": 1, "state": RunState.READY, "engine": "auto", "requested_by": "ann"}
    run = StatisticsRun(**known | {"requested_at": NOW.isoformat()} | fields)
    save(ports.registry, Stored(run, STATISTICS, RUN), run, at=NOW)


def read_run(ports: Ports) -> StatisticsRun:
    found = find(ports.registry, STATISTICS, RUN, StatisticsRun)
    assert found is not None
    return found.value


def deliver(ports: Ports, message: FollowRun | AdvanceRetraining, attempts: int) -> None:
    """What a queue does with a message whose step raises: `attempts` deliveries of it."""
    steps = Steps(ports, lambda: NOW, limit_bytes=1, proof_seconds=1, drain=1)
    for attempt in range(1, attempts + 1):
        with pytest.raises(OSError, match="no way to"):
            do_work(Delivery(WORK, "r-1", message.to_body(), attempt), ports, lambda: NOW, steps)


def test_a_run_whose_job_cannot_be_asked_for_says_why_and_is_tried_again(ports: Ports):
    put_run(ports)
    deliver(ports, FollowRun(run=1), MAX_ATTEMPTS - 1)
    assert read_run(ports).attempt == 0
    deliver(ports, FollowRun(run=1), MAX_ATTEMPTS)
    run = read_run(ports)
    assert (run.state, run.attempt) == (RunState.READY, 1)
    assert run.reason == "OSError: no way to run-000000001-1"
    assert datetime.fromisoformat(run.retry_at) > NOW
    assert ports.queue.depth(WORK) == 1


@pytest.mark.parametrize("state", [RunState.READY, RunState.RUNNING])
def test_a_run_that_fails_so_again_and_again_lets_others_start(ports: Ports, state: RunState):
    put_run(ports, state=state, attempt=PATIENCE - (state is RunState.READY), job_id="j")
    deliver(ports, FollowRun(run=1), MAX_ATTEMPTS)
    assert read_run(ports).state is RunState.FAILING
    assert read_run(ports).state not in BUSY_RUNS


def test_a_run_that_has_failed_for_weeks_is_tried_again_within_an_hour(ports: Ports):
    put_run(ports, state=RunState.FAILING, attempt=2000)
    deliver(ports, FollowRun(run=1), MAX_ATTEMPTS)
    assert datetime.fromisoformat(read_run(ports).retry_at) == NOW + timedelta(hours=1)


def test_a_run_that_is_refused_is_failing_after_a_few_attempts(ports: Ports):
    ports = replace(ports, jobs=RefusingLauncher())
    put_run(ports)
    for day in range(PATIENCE):
        now = NOW + timedelta(days=day)
        steps = Steps(ports, lambda: now, limit_bytes=1, proof_seconds=1, drain=1)  # noqa: B023
        body = FollowRun(run=1).to_body()
        for _ in range(2):
            do_work(Delivery(WORK, "r-1", body, 1), ports, lambda: now, steps)  # noqa: B023
    assert read_run(ports).state is RunState.FAILING
    assert "no place for run-000000001-3" in read_run(ports).reason


@pytest.mark.parametrize("job_id", ["", "j"])
def test_a_retraining_whose_job_is_out_of_reach_has_failed_and_its_job_is_ended(
    ports: Ports, job_id: str
):
    service = Service(name="iris", live=1)
    save(ports.registry, Stored(service, "iris", "service"), service, at=NOW)
    retraining = Retraining(
        service="iris",
        number=1,
        state=RetrainingState.SELECTING,
        base=1,
        selection={},
        requested_by="ann",
        requested_at=NOW.isoformat(),
        job_id=job_id,
    )
    key = number_key("retraining", 1)
    save(ports.registry, Stored(retraining, "iris", key), retraining, at=NOW)
    message = AdvanceRetraining(service="iris", number=1)
    deliver(ports, message, MAX_ATTEMPTS - 1)
    assert read_retraining("iris", 1, ports).value.state is RetrainingState.SELECTING
    deliver(ports, message, MAX_ATTEMPTS)
    failed = read_retraining("iris", 1, ports).value
    assert failed.state is RetrainingState.FAILED
    assert failed.reason == f"OSError: no way to {job_id or 'select-iris-1'}"
    assert isinstance(ports.jobs, BrokenLauncher)
    assert ports.jobs.cancelled == ([job_id] if job_id else [])


def test_a_version_whose_sample_is_gone_has_failed_and_says_so(tmp_path: Path):
    scene = Scene(tmp_path)
    scene.version(2, state="built", proving_since=stamp(scene.now))
    body = AdvanceVersion(service=NAME, version=2).to_body()
    steps = Steps(scene.ports, scene.clock, limit_bytes=1, proof_seconds=60, drain=1)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        with pytest.raises(ObjectNotFound):
            do_work(Delivery(WORK, "r-1", body, attempt), scene.ports, scene.clock, steps)
    version = read_version(scene.ports.registry, NAME, 2).value
    assert version.state is VersionState.FAILED
    assert "versions/iris/2/sample.json" in version.reason


def test_a_message_of_a_version_that_there_is_not_is_dropped(tmp_path: Path):
    scene = Scene(tmp_path)
    scene.ports.queue.send(WORK, AdvanceVersion(service=NAME, version=7).to_body())
    assert scene.work() == 1
    assert scene.ports.queue.depth(WORK) == 0
