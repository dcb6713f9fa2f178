"""A promotion that fails leaves the live version as it is, and says what it failed of."""

from datetime import UTC, datetime, timedelta

import pytest

from scienceops.core.versions import Promotion
from scienceops.ports import Ports
from scienceops.ports.service_runtime import DeployOrder, Observed, ServiceStatus
from scienceops.usecases.advance_version import Steps
from scienceops.usecases.records import Stored, number_key, read_service, read_version, save

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class NeverReady:
    """A stand-in for a runtime whose scorers wait for an image."""

    def start(self, order: DeployOrder) -> None:
        """Nothing: it stays as it is."""

    def stop(self, service: str, version: int) -> None:
        """Nothing either."""

    def status(self, service: str, version: int) -> ServiceStatus:
        said = ("start of iris 2", "the image was not pulled: blob unknown; trying again")
        return ServiceStatus(service, version, Observed.STARTING, "", "nothing there", said)


@pytest.fixture
def runtime() -> NeverReady:
    return NeverReady()


def test_a_promotion_that_is_late_says_what_its_scorer_said_last(ports: Ports):
    first = read_version(ports.registry, "iris", 1).value
    second = first.model_copy(update={"number": 2})
    save(ports.registry, Stored(second, "iris", number_key("version", 2)), second, at=NOW)
    asked = Promotion(version=2, kind="rollback", by="ann", comment="", at=NOW.isoformat())
    stored = read_service(ports.registry, "iris")
    service = stored.value.model_copy(update={"promotion": asked})
    save(ports.registry, stored, service, at=NOW)
    late = NOW + timedelta(seconds=31)
    steps = Steps(ports, lambda: late, limit_bytes=1, proof_seconds=30, drain=1)
    steps.advance("iris", 2)
    assert read_service(ports.registry, "iris").value.live == 1
    (failed,) = [e for e in ports.registry.ledger("iris") if e.action == "promotion failed"]
    assert failed.why == (
        "it was not ready after 30 s; the last it said: "
        "the image was not pulled: blob unknown; trying again"
    )
