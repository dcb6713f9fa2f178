"""Policy makes a proved version live by itself, and overrules nobody."""

from datetime import UTC, datetime
from typing import Any

import pytest

from scienceops.core.versions import Service
from scienceops.ports import Ports
from scienceops.ports.service_runtime import DeployOrder, Observed, ServiceStatus
from scienceops.usecases.advance_version import Steps
from scienceops.usecases.change_policy import change_policy
from scienceops.usecases.promote import approve_version, roll_back
from scienceops.usecases.reconcile_deployment import ask_to_run, reconcile_deployment
from scienceops.usecases.records import (
    Stored,
    number_key,
    read_deployment,
    read_service,
    read_version,
    save,
)
from scienceops.usecases.settle_service import settle_service

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Starting:
    """A stand-in for a runtime: what it starts is ready once `ready` has its version."""

    def __init__(self) -> None:
        self.started: set[int] = set()
        self.ready = {1, 2, 3}

    def start(self, order: DeployOrder) -> None:
        self.started.add(order.version)

    def stop(self, service: str, version: int) -> None:
        self.started.discard(version)

    def status(self, service: str, version: int) -> ServiceStatus:
        observed = Observed.STARTING if version in self.started else Observed.STOPPED
        if version in self.started & self.ready:
            observed = Observed.READY
        return ServiceStatus(service, version, observed, f"http://127.0.0.1:{version}", "")


@pytest.fixture
def runtime() -> Starting:
    return Starting()


@pytest.fixture
def steps(ports: Ports) -> Steps:
    """Of versions 1 to 3, all proved, 2 is live and 1 was before."""
    first = read_version(ports.registry, "iris", 1).value
    for number in (2, 3):
        version = first.model_copy(update={"number": number})
        save(
            ports.registry, Stored(version, "iris", number_key("version", number)), version, at=NOW
        )
    set_service(ports, live=2, previous=1, auto_promoted=2)
    run(ports, 2)
    run(ports, 3)
    return Steps(ports, lambda: NOW, limit_bytes=1, proof_seconds=30, drain=1)


def set_service(ports: Ports, **changes: Any) -> None:
    stored = read_service(ports.registry, "iris")
    save(ports.registry, stored, stored.value.model_copy(update=changes), at=NOW)


def run(ports: Ports, number: int) -> None:
    ask_to_run("iris", number, ports, lambda: NOW)
    for _ in range(2):
        reconcile_deployment("iris", number, ports, lambda: NOW)


def service(ports: Ports) -> Service:
    return read_service(ports.registry, "iris").value


def rest(steps: Steps, number: int) -> None:
    for _ in range(9):
        if steps.advance("iris", number) is None:
            return
    raise AssertionError(f"version {number} does not rest")


def made_live(ports: Ports) -> list[tuple[int, str]]:
    entries = ports.registry.ledger("iris")
    return [(e.details["version"], e.actor) for e in entries if e.action == "version made live"]


def test_a_version_that_was_just_proved_is_live_at_once(ports, steps):
    assert steps.advance("iris", 3) is None
    assert (service(ports).live, service(ports).previous) == (3, 2)


def test_a_rollback_under_way_goes_first_and_policy_after_it(ports, steps, runtime):
    runtime.ready.discard(1)
    roll_back("iris", "ann", "2 is bad", ports, lambda: NOW)
    steps.advance("iris", 1)
    rest(steps, 3)
    assert (service(ports).live, service(ports).promotion.by) == (2, "ann")
    settle_service("iris", ports, lambda: NOW, 1)
    assert read_deployment(ports.registry, "iris", 3).value.desired == "running"
    runtime.ready.add(1)
    rest(steps, 1)
    rest(steps, 3)
    assert made_live(ports) == [(1, "ann"), (3, "scienceops")]


def test_a_version_that_stopped_while_it_waited_is_started_before_it_is_live(ports, steps, runtime):
    runtime.stop("iris", 3)
    reconcile_deployment("iris", 3, ports, lambda: NOW)
    runtime.ready.discard(3)
    for _ in range(3):
        steps.advance("iris", 3)
    assert (service(ports).live, service(ports).promotion.version) == (2, 3)
    runtime.ready.add(3)
    rest(steps, 3)
    assert made_live(ports) == [(3, "scienceops")]
    assert service(ports).promotion is None


def test_policy_takes_back_no_rollback_from_a_version_that_a_person_had_approved(ports, steps):
    change_policy("iris", {"promotion": "manual"}, "ann", ports, lambda: NOW)
    approve_version("iris", 3, "ann", "", ports, lambda: NOW)
    rest(steps, 3)
    roll_back("iris", "ann", "3 is bad", ports, lambda: NOW)
    rest(steps, 2)
    change_policy("iris", {"promotion": "auto"}, "ann", ports, lambda: NOW)
    rest(steps, 3)
    assert service(ports).live == 2


def test_policy_makes_no_version_live_that_is_older_than_one_that_was(ports, steps):
    set_service(ports, live=1, previous=None, auto_promoted=1)
    approve_version("iris", 3, "ann", "", ports, lambda: NOW)
    rest(steps, 3)
    rest(steps, 2)
    assert service(ports).live == 3
