"""Each start of a scorer is in the ledger once, whoever else looks at it in the meantime."""

from datetime import UTC, datetime

import pytest

from scienceops.ports import Ports
from scienceops.ports.service_runtime import DeployOrder, Observed, ServiceStatus
from scienceops.usecases.change_policy import change_policy
from scienceops.usecases.reconcile_deployment import ask_to_run, reconcile_deployment
from scienceops.usecases.records import read_deployment

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Interrupted:
    """A stand-in for a runtime: what `meanwhile` does comes between a start and its entry."""

    def __init__(self) -> None:
        self.observed = Observed.STOPPED
        self.why = ""
        self.orders: list[DeployOrder] = []
        self.meanwhile = lambda: None

    def start(self, order: DeployOrder) -> None:
        self.orders.append(order)
        self.observed = Observed.STARTING
        now, self.meanwhile = self.meanwhile, lambda: None
        now()

    def status(self, service: str, version: int) -> ServiceStatus:
        return ServiceStatus(service, version, self.observed, "", self.why)


@pytest.fixture
def runtime() -> Interrupted:
    return Interrupted()


def look(ports: Ports) -> None:
    reconcile_deployment("iris", 1, ports, lambda: NOW)


def starts(ports: Ports) -> list[str]:
    entries = ports.registry.ledger("iris")
    return [e.action for e in entries if e.action in ("service started", "service restarted")]


@pytest.fixture(autouse=True)
def _wanted(ports: Ports) -> None:
    ask_to_run("iris", 1, ports, lambda: NOW)


def test_another_look_during_a_start_leaves_one_entry(ports, runtime):
    runtime.meanwhile = lambda: look(ports)
    look(ports)
    assert starts(ports) == ["service started"]
    assert len(runtime.orders) == 1


def test_another_look_during_a_restart_leaves_one_entry(ports, runtime):
    look(ports)
    runtime.observed = Observed.READY
    look(ports)
    runtime.observed = Observed.FAILED
    runtime.meanwhile = lambda: look(ports)
    look(ports)
    assert sorted(starts(ports)) == ["service restarted", "service started"]
    assert len(runtime.orders) == 2


def test_a_start_whose_entry_was_never_written_is_written_by_the_next_look(ports, runtime):
    change_policy("iris", {"capture": "synced"}, "ann", ports, lambda: NOW)

    def die():
        raise SystemExit

    runtime.meanwhile = die
    with pytest.raises(SystemExit):
        look(ports)
    assert starts(ports) == []
    look(ports)
    assert starts(ports) == ["service started"]
    assert len(runtime.orders) == 1
    settings = read_deployment(ports.registry, "iris", 1).value.settings
    assert settings == {"SCORER_CAPTURE": "synced"}


def reason(ports: Ports) -> str:
    return read_deployment(ports.registry, "iris", 1).value.reason


def test_what_a_start_waits_for_is_told_as_it_changes(ports, runtime):
    look(ports)
    for why in ("its image is pulled", "its model is loaded"):
        runtime.why = why
        look(ports)
        assert reason(ports) == why
    runtime.observed, runtime.why = Observed.READY, ""
    look(ports)
    assert reason(ports) == ""


def test_a_start_after_a_failure_goes_on_telling_the_failure(ports, runtime):
    look(ports)
    runtime.observed, runtime.why = Observed.FAILED, "out of memory"

    look(ports)
    runtime.why = "its model is loaded"
    look(ports)
    assert reason(ports) == "out of memory"
