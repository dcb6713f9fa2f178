"""What was live is known however much the ledger tells of other things since."""

from datetime import UTC, datetime, timedelta

import pytest

from scienceops.core.retraining import Retraining, RetrainingState
from scienceops.ports import Ports
from scienceops.ports.model_registry import EVERY, LedgerEntry, Record
from scienceops.usecases.describe import describe_history, live_at, made_live
from scienceops.usecases.describe_retrainings import waiting_for_people
from scienceops.usecases.records import Stored, number_key, read_service, save, stamp

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def runtime() -> None:
    """Nothing runs here."""


@pytest.fixture(autouse=True)
def _crashing_since_it_was_live(ports: Ports) -> None:
    """Version 1 went live, then its scorer was started again more often than a look reads."""
    stored = read_service(ports.registry, "iris")
    details = {"version": 1}
    save(ports.registry, stored, stored.value, at=NOW, action="version made live", details=details)
    for number in range(1001):
        at = NOW + timedelta(minutes=5 * (number + 1))
        entry = LedgerEntry("iris", at, "scienceops", "service restarted", details=details)
        ports.registry.put(Record("iris", f"restart/{number}", 0, {}), entry)


def test_what_is_live_since_when_is_told(ports):
    found = live_at("iris", None, ports)
    assert (found["details"], found["at"]) == ({"version": 1}, NOW.isoformat())


def test_what_was_live_at_a_time_is_told(ports):
    assert live_at("iris", NOW + timedelta(days=3), ports)["sequence"] == 1
    assert live_at("iris", NOW - timedelta(seconds=1), ports) is None


def test_a_version_knows_when_it_was_made_live(ports):
    assert [entry["details"]["version"] for entry in made_live("iris", ports)] == [1]


def test_a_candidate_that_was_live_waits_for_nobody(ports):
    retraining = Retraining(
        number=1,
        service="iris",
        state=RetrainingState.COMPARED,
        base=1,
        version=1,
        selection={},
        requested_by="ann",
        requested_at=stamp(NOW),
    )
    place = Stored(retraining, "iris", number_key("retraining", 1))
    save(ports.registry, place, retraining, at=NOW)
    assert waiting_for_people("iris", ports) == []


def test_the_history_is_its_newest_thousand_entries(ports):
    assert len(ports.registry.ledger("iris", most=EVERY)) == 1002
    assert len(describe_history("iris", None, ports)) == 1000
