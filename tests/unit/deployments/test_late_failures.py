"""A failure that comes late ends no more than the attempt it was seen at."""

from datetime import UTC, datetime

import pytest

from scienceops.core.messages import WORK, AdvanceVersion
from scienceops.core.versions import Version, VersionState
from scienceops.errors import WrongState
from scienceops.ports import Ports
from scienceops.ports.message_queue import MAX_ATTEMPTS, Delivery
from scienceops.ports.service_runtime import DeployOrder, Observed, ServiceStatus
from scienceops.usecases.advance_version import Steps
from scienceops.usecases.do_work import do_work
from scienceops.usecases.reconcile_deployment import ask_to_run
from scienceops.usecases.records import read_deployment, read_version, save
from scienceops.usecases.retry_version import retry_version

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Ready:
    """A stand-in for a runtime on which everything is ready at once."""

    def __init__(self) -> None:
        self.stopped: list[tuple[str, int]] = []

    def start(self, order: DeployOrder) -> None:
        """Nothing: it runs."""

    def stop(self, service: str, version: int) -> None:
        self.stopped.append((service, version))

    def status(self, service: str, version: int) -> ServiceStatus:
        return ServiceStatus(service, version, Observed.READY, "http://127.0.0.1:1", "")


class Throttled(Steps):
    """A stand-in for steps on a platform that refuses each."""

    def _promote(self, *_: object) -> float | None:
        raise OSError("throttled")

    _prove = _promote


@pytest.fixture
def runtime() -> Ready:
    return Ready()


@pytest.fixture
def steps(ports: Ports) -> Steps:
    ask_to_run("iris", 1, ports, lambda: NOW)
    return Throttled(ports, lambda: NOW, limit_bytes=1, proof_seconds=30, drain=1)


def stands(ports: Ports) -> tuple[str, str]:
    state = read_version(ports.registry, "iris", 1).value.state
    return state, read_deployment(ports.registry, "iris", 1).value.desired


def change(ports: Ports, **changes: object) -> Version:
    stored = read_version(ports.registry, "iris", 1)
    return save(ports.registry, stored, stored.value.model_copy(update=changes), at=NOW).value


def deliver_last(ports: Ports, steps: Steps) -> None:
    body = AdvanceVersion(service="iris", version=1).to_body()
    with pytest.raises(OSError, match="throttled"):
        do_work(Delivery(WORK, "1-1", body, MAX_ATTEMPTS), ports, lambda: NOW, steps)


def test_a_proof_that_fails_beside_another_s_leaves_the_version_running(ports, steps, caplog):
    seen = read_version(ports.registry, "iris", 1).value
    steps.fail(seen.model_copy(update={"state": VersionState.BUILT}), "the proof got a 503")
    assert stands(ports) == ("proved", "running")
    assert "version failed" not in caplog.text


def test_the_last_delivery_of_a_message_of_a_live_version_leaves_it_running(ports, steps):
    deliver_last(ports, steps)
    assert stands(ports) == ("proved", "running")


def test_the_last_delivery_of_a_message_of_a_version_under_way_fails_and_stops_it(ports, steps):
    change(ports, state=VersionState.BUILT)
    deliver_last(ports, steps)
    assert stands(ports) == ("failed", "stopped")
    reason = read_version(ports.registry, "iris", 1).value.reason
    assert reason == "OSError: throttled; mend it, then `scienceops retry`"


def test_a_failure_of_an_earlier_attempt_leaves_the_one_that_was_retried(ports, steps):
    seen = change(ports, state=VersionState.BUILT)
    change(ports, attempt=2)
    steps.fail(seen, "the build of attempt 1 was out of memory")
    assert stands(ports) == ("built", "running")


def test_a_live_version_is_not_stopped_by_a_retry_that_is_refused(ports, runtime):
    with pytest.raises(WrongState, match="is proved: only a failed one is tried again"):
        retry_version("iris", 1, "ann", ports, lambda: NOW)
    assert runtime.stopped == []
