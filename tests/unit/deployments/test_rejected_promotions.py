"""A rejected version is never made live, and what was asked for it holds up nothing else."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from meanwhile import meanwhile

from scienceops.core.messages import WORK, AdvanceVersion, parse_work
from scienceops.core.versions import Promotion, Service, VersionState
from scienceops.errors import Conflict, WrongState
from scienceops.ports import Ports
from scienceops.ports.service_runtime import DeployOrder, Observed, ServiceStatus
from scienceops.usecases import promote
from scienceops.usecases.advance_version import Steps
from scienceops.usecases.nudge import nudge_service
from scienceops.usecases.promote import approve_version, reject_version, roll_back, share_traffic
from scienceops.usecases.records import (
    Stored,
    number_key,
    read_deployment,
    read_service,
    read_version,
    save,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Ready:
    """A stand-in for a runtime on which everything is ready at once; tells when it is asked."""

    def __init__(self) -> None:
        self.asked = lambda: None

    def start(self, order: DeployOrder) -> None:
        """Nothing: it runs."""

    def stop(self, service: str, version: int) -> None:
        """Nothing either."""

    def status(self, service: str, version: int) -> ServiceStatus:
        self.asked()
        return ServiceStatus(service, version, Observed.READY, "http://127.0.0.1:1", "")


@pytest.fixture
def runtime() -> Ready:
    return Ready()


@pytest.fixture(autouse=True)
def _second_live(ports: Ports) -> None:
    """Version 2 is live, and 1 was before."""
    first = read_version(ports.registry, "iris", 1).value
    second = first.model_copy(update={"number": 2})
    save(ports.registry, Stored(second, "iris", number_key("version", 2)), second, at=NOW)
    set_service(ports, live=2, previous=1, auto_promoted=2)


def set_service(ports: Ports, **changes: Any) -> None:
    stored = read_service(ports.registry, "iris")
    save(ports.registry, stored, stored.value.model_copy(update=changes), at=NOW)


def service(ports: Ports) -> Service:
    return read_service(ports.registry, "iris").value


def work(ports: Ports) -> None:
    """Take each message of a version until that rests."""
    steps = Steps(ports, lambda: NOW, limit_bytes=1, proof_seconds=30, drain=1)
    for delivery in ports.queue.receive(WORK):
        ports.queue.acknowledge(delivery)
        message = parse_work(delivery.body)
        looks = range(9) if isinstance(message, AdvanceVersion) else ()
        any(steps.advance(message.service, message.version) is None for _ in looks)


def reject(ports: Ports, number: int = 1) -> None:
    reject_version("iris", number, "eva", "learned from wrong labels", ports, lambda: NOW)


def ask(ports: Ports, number: int = 1) -> None:
    asked = Promotion(version=number, kind="approval", by="ann", comment="", at=NOW.isoformat())
    set_service(ports, promotion=asked)


def test_nobody_goes_back_to_a_rejected_version(ports):
    reject(ports)
    with pytest.raises(WrongState, match="version 1 of 'iris' is rejected: only a proved version"):
        roll_back("iris", "ann", "", ports, lambda: NOW)
    assert service(ports).promotion is None


def test_an_approval_beside_a_rejection_is_ended_with_the_reason(ports):
    reject(ports)
    ask(ports)
    nudge_service("iris", ports, lambda: NOW, 0)
    work(ports)
    assert (service(ports).live, service(ports).promotion) == (2, None)
    (failed,) = [e for e in ports.registry.ledger("iris") if e.action == "promotion failed"]
    assert failed.why == "it is rejected: eva: learned from wrong labels"
    assert (failed.actor, failed.details["version"]) == ("ann", 1)
    assert read_deployment(ports.registry, "iris", 1).value.desired == "stopped"


def test_others_decide_once_that_approval_is_ended(ports):
    reject(ports)
    ask(ports)
    nudge_service("iris", ports, lambda: NOW, 0)
    work(ports)
    third = read_version(ports.registry, "iris", 2).value.model_copy(update={"number": 3})
    save(ports.registry, Stored(third, "iris", number_key("version", 3)), third, at=NOW)
    approve_version("iris", 3, "ann", "", ports, lambda: NOW)
    work(ports)
    assert service(ports).live == 3


def test_a_rejection_while_the_version_is_started_is_not_overruled(ports, runtime):
    ask(ports)
    stored = read_version(ports.registry, "iris", 1)

    def reject_meanwhile():
        runtime.asked = lambda: None
        rejected = stored.value.moved(VersionState.REJECTED, reason="eva")
        save(ports.registry, stored, rejected, at=NOW)

    nudge_service("iris", ports, lambda: NOW, 0)
    runtime.asked = reject_meanwhile
    work(ports)
    assert (service(ports).live, service(ports).promotion) == (2, None)


class Meanwhile:
    """A stand-in for reading a service: what `then` does comes after the first look at it."""

    def __init__(self, then: Any) -> None:
        self.then = then

    def __call__(self, *place: Any) -> Stored[Service]:
        found = read_service(*place)
        then, self.then = self.then, lambda: None
        then()
        return found


def test_a_rejection_beside_an_approval_has_it_ended(ports, monkeypatch):
    monkeypatch.setattr(promote, "read_service", Meanwhile(lambda: ask(ports)))
    reject(ports)
    work(ports)
    assert (service(ports).live, service(ports).promotion) == (2, None)


def test_a_rejection_of_what_went_live_in_that_moment_says_so_and_stops_nothing(ports, monkeypatch):
    def go_live():
        set_service(ports, live=1, previous=2)

    monkeypatch.setattr(promote, "read_service", Meanwhile(go_live))
    with pytest.raises(Conflict, match="taken into use in the same moment"):
        reject(ports)
    assert read_deployment(ports.registry, "iris", 1).revision == 0


def test_a_version_rejected_in_that_moment_gets_no_traffic(ports, monkeypatch):
    monkeypatch.setattr(promote, "read_service", Meanwhile(lambda: reject(ports)))
    with pytest.raises(WrongState, match="is rejected"):
        share_traffic("iris", {2: 1, 1: 1}, None, "ann", ports, lambda: NOW, drain_seconds=1)


def test_calls_that_another_divided_in_that_moment_are_not_divided_again(ports, monkeypatch):
    divide = partial(share_traffic, "iris", drain_seconds=1)

    def by_another():
        divide({1: 9, 2: 1}, None, "bob", ports, lambda: NOW)

    live = service(ports).live
    monkeypatch.setattr(promote, "read_service", Meanwhile(by_another))
    with pytest.raises(Conflict, match="by now: 9 to version 1, 1 to version 2; look at it"):
        divide({1: 1, 2: 1}, None, "ann", ports, lambda: NOW, seen=f"all to version {live}")
    assert service(ports).traffic == {"1": 9, "2": 1}


def test_a_version_rejected_in_that_moment_is_not_promoted(ports, monkeypatch):
    monkeypatch.setattr(promote, "read_service", Meanwhile(lambda: reject(ports)))
    with pytest.raises(WrongState, match="is rejected"):
        approve_version("iris", 1, "ann", "", ports, lambda: NOW)
    assert service(ports).promotion is None


@pytest.mark.parametrize(("weights", "shadow"), [({2: 9, 1: 1}, None), ({}, 1)])
def test_whoever_gives_calls_to_a_version_that_is_rejected_meanwhile_is_told(
    ports, monkeypatch, weights, shadow
):
    # Whoever rejects it looks before it has calls, and is not told.
    meanwhile(
        monkeypatch,
        ports.registry,
        "put",
        lambda: reject(ports),
        lambda record, *_: record.key == "service",
    )
    with pytest.raises(Conflict, match="version 1 of 'iris' is rejected, and was taken into use"):
        share_traffic("iris", weights, shadow, "ann", ports, lambda: NOW, drain_seconds=0)
