"""A live version whose scorer fails again and again is started again, less and less often."""

from datetime import UTC, datetime, timedelta

import pytest

from scienceops.ports import Ports
from scienceops.ports.service_runtime import DeployOrder, Observed, ServiceStatus
from scienceops.usecases.reconcile_deployment import ask_to_run, reconcile_deployment
from scienceops.usecases.records import read_deployment

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Failing:
    """A stand-in for a runtime: what it starts has failed by the next look."""

    def __init__(self) -> None:
        self.observed = Observed.STOPPED
        self.after_start = Observed.FAILED
        self.starts = 0

    def start(self, order: DeployOrder) -> None:
        self.starts += 1
        self.observed = self.after_start

    def status(self, service: str, version: int) -> ServiceStatus:
        return ServiceStatus(service, version, self.observed, "", "no memory left")


@pytest.fixture
def runtime() -> Failing:
    return Failing()


def look_each_second(ports: Ports, seconds: int, begin: datetime = NOW) -> datetime:
    for second in range(seconds):
        now = begin + timedelta(seconds=second)
        reconcile_deployment("iris", 1, ports, lambda now=now: now)
    return begin + timedelta(seconds=seconds)


@pytest.fixture(autouse=True)
def _wanted(ports: Ports) -> None:
    ask_to_run("iris", 1, ports, lambda: NOW)


def test_an_hour_of_failures_takes_under_two_dozen_starts_and_entries(ports, runtime):
    look_each_second(ports, 3600)
    # The first two at once, then after 5, 10, ... 160 seconds, then every 300.
    assert 15 <= runtime.starts <= 21
    actions = [entry.action for entry in ports.registry.ledger("iris")]
    assert actions.count("service restarted") == runtime.starts - 1


def test_days_of_failures_are_no_other_than_an_hour(ports, runtime):
    now = NOW
    for _ in range(1200):
        reconcile_deployment("iris", 1, ports, lambda now=now: now)
        now += timedelta(seconds=300)
    assert runtime.starts == 1200


def test_a_first_failure_is_answered_at_once(ports, runtime):
    look_each_second(ports, 2)
    assert runtime.starts == 2


def test_the_pause_is_told_with_the_reason(ports, runtime):
    look_each_second(ports, 4)
    found = read_deployment(ports.registry, "iris", 1).value
    assert (found.observed, found.reason) == ("failed", "no memory left")
    assert found.failed_starts == 1
    assert found.start_after == "2026-11-23T12:00:06.000Z"


def test_one_that_became_ready_has_its_failures_forgotten(ports, runtime):
    now = look_each_second(ports, 100)
    runtime.observed = Observed.READY
    now = look_each_second(ports, 1, now)
    found = read_deployment(ports.registry, "iris", 1).value
    assert (found.failed_starts, found.start_after) == (0, "")
    before = runtime.starts
    runtime.observed = Observed.FAILED
    look_each_second(ports, 1, now)
    assert runtime.starts == before + 1


def test_one_that_is_gone_is_started_whatever_failed_before(ports, runtime):
    now = look_each_second(ports, 100)
    runtime.observed, runtime.after_start = Observed.STOPPED, Observed.STARTING
    before = runtime.starts
    look_each_second(ports, 1, now)
    assert runtime.starts == before + 1
