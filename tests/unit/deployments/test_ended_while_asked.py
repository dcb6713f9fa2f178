"""A scorer that ends, or is stopped, while a version is proved: its own end is told, or it is asked
again, and nothing is made of the answer that did not come."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from scienceops.core.names import version_file_key
from scienceops.core.versions import Version, VersionState
from scienceops.errors import ServiceNotReady
from scienceops.ports import Ports
from scienceops.ports.service_runtime import DeployOrder, Observed, Reply, ServiceStatus
from scienceops.usecases.advance_version import Steps
from scienceops.usecases.records import read_service, read_version, save

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SAMPLE = {"rows": [{"x": 1.0}], "predictions": ["a"]}
ENDED = "the scorer was ended by SIGKILL: out of memory"


class Ending:
    """A stand-in for a runtime whose scorer is as `becomes` says once it was asked; started again,
    it answers."""

    def __init__(self) -> None:
        self.observed, self.becomes = Observed.STOPPED, Observed.READY
        self.starts = 0

    def start(self, order: DeployOrder) -> None:
        self.starts += 1
        self.observed = Observed.READY

    def stop(self, service: str, version: int) -> None:
        """Nothing."""

    def status(self, service: str, version: int) -> ServiceStatus:
        reason = "" if self.observed in (Observed.READY, Observed.STOPPED) else ENDED
        return ServiceStatus(service, version, self.observed, "http://127.0.0.1:1", reason)

    def call(self, *_: Any, **__: Any) -> Reply:
        if self.starts == 1:
            self.observed = self.becomes
            raise ServiceNotReady("it ended the connection")
        return Reply(200, {}, json.dumps({"predictions": SAMPLE["predictions"]}).encode())


@pytest.fixture
def runtime() -> Ending:
    return Ending()


def proved(ports: Ports) -> Version:
    """The version, which nobody calls yet, after some looks at how it stands."""
    service = read_service(ports.registry, "iris")
    save(ports.registry, service, service.value.model_copy(update={"live": None}), at=NOW)
    stored = read_version(ports.registry, "iris", 1)
    built = {"state": VersionState.BUILT, "image": "i", "proving_since": NOW.isoformat()}
    save(ports.registry, stored, stored.value.model_copy(update=built), at=NOW)
    ports.objects.put(version_file_key("iris", 1, "sample.json"), json.dumps(SAMPLE).encode())
    steps = Steps(ports, lambda: NOW, limit_bytes=1, proof_seconds=30, drain=1)
    for _ in range(9):
        steps.advance("iris", 1)
    return read_version(ports.registry, "iris", 1).value


def test_one_that_ends_is_told_as_it_ended(ports: Ports, runtime: Ending) -> None:
    runtime.becomes = Observed.FAILED
    version = proved(ports)
    assert (version.state, version.reason) == (VersionState.FAILED, ENDED)


def test_one_that_was_stopped_is_started_and_asked_again(ports: Ports, runtime: Ending) -> None:
    runtime.becomes = Observed.STOPPED
    assert proved(ports).state is VersionState.PROVED
    assert runtime.starts == 2


def test_one_that_runs_on_and_does_not_answer_has_failed(ports: Ports, runtime: Ending) -> None:
    version = proved(ports)
    assert version.state is VersionState.FAILED
    assert version.reason == "the service did not answer its own sample: it ended the connection"


def test_one_that_its_platform_starts_again_is_not_asked_until_it_ends_each_time(
    ports: Ports, runtime: Ending
) -> None:
    runtime.becomes = Observed.STARTING
    version = proved(ports)
    assert version.state is VersionState.FAILED
    assert version.reason.startswith("the service did not answer its own sample: it ended the")
    assert version.reason.endswith(f"by now: {ENDED}")
