"""A scorer that its platform hides yet, though it is ready, is proved once it can be asked."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from scienceops.core.names import version_file_key
from scienceops.core.versions import VersionState
from scienceops.errors import ScorerHidden
from scienceops.ports import Ports
from scienceops.ports.service_runtime import DeployOrder, Observed, Reply, ServiceStatus
from scienceops.usecases.advance_version import Steps
from scienceops.usecases.records import read_version, save

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SAMPLE = {"rows": [{"x": 1.0}], "predictions": ["a"]}


class Hiding:
    """A stand-in for a runtime whose scorers are ready, and hidden for the first calls."""

    def __init__(self) -> None:
        self.hides = 2

    def start(self, order: DeployOrder) -> None:
        """Nothing: it runs."""

    def stop(self, service: str, version: int) -> None:
        """Nothing either."""

    def status(self, service: str, version: int) -> ServiceStatus:
        return ServiceStatus(service, version, Observed.READY, "http://127.0.0.1:1", "")

    def call(
        self,
        endpoint: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        timeout_seconds: float = 60,
    ) -> Reply:
        if self.hides:
            self.hides -= 1
            raise ScorerHidden("the ingress answered 404")
        return Reply(200, {}, json.dumps({"predictions": SAMPLE["predictions"]}).encode())


@pytest.fixture
def runtime() -> Hiding:
    return Hiding()


@pytest.fixture
def waiting(ports: Ports) -> Ports:
    """The version is built, and waits for its proof."""
    stored = read_version(ports.registry, "iris", 1)
    built = {"state": VersionState.BUILT, "image": "i", "proving_since": NOW.isoformat()}
    save(ports.registry, stored, stored.value.model_copy(update=built), at=NOW)
    ports.objects.put(version_file_key("iris", 1, "sample.json"), json.dumps(SAMPLE).encode())
    return ports


def test_it_is_looked_at_again_until_it_answers(waiting: Ports) -> None:
    steps = Steps(waiting, lambda: NOW, limit_bytes=1, proof_seconds=30, drain=1)
    for _ in range(9):
        steps.advance("iris", 1)
    assert read_version(waiting.registry, "iris", 1).value.state is VersionState.PROVED


def test_one_that_stays_hidden_fails_in_time_and_says_what_was_answered(
    waiting: Ports, runtime: Hiding
) -> None:
    runtime.hides = 99
    late = NOW + timedelta(seconds=31)
    steps = Steps(waiting, lambda: late, limit_bytes=1, proof_seconds=30, drain=1)
    for _ in range(9):
        steps.advance("iris", 1)
    version = read_version(waiting.registry, "iris", 1).value
    assert version.state is VersionState.FAILED
    assert "not ready after 30 s: the ingress answered 404; look at its log" in version.reason
