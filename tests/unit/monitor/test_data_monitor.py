"""DataMonitor of a service with two versions: the live one first, any one that is asked for."""

from datetime import UTC, date, datetime, timedelta

import pytest

from scienceops.adapters.local import connect
from scienceops.config import load_settings
from scienceops.core.names import Partition, version_file_key
from scienceops.core.versions import Service, Version
from scienceops.errors import NotFound
from scienceops.ports.statistics_store import StatisticRow
from scienceops.usecases.data_monitor import data_monitor, feature_monitor
from scienceops.usecases.records import Stored, number_key, save
from scienceops.usecases.shown_statistics import MOST_DAYS

NAME = "iris"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def ports(tmp_path):
    """Versions 1 and 2 with a day each; 3 is live and has scored nothing."""
    ports = connect(load_settings({"SCIENCEOPS_HOME": str(tmp_path)}))
    service = Service(name=NAME, live=3)
    save(ports.registry, Stored(service, NAME, "service"), service, at=NOW)
    for number in (1, 2, 3):
        version = Version(
            service=NAME, number=number, digest="d", uploaded_at="", uploaded_key="", manifest={}
        )
        stored = Stored(version, NAME, number_key("version", number))
        save(ports.registry, stored, version, at=NOW)
        ports.objects.put(version_file_key(NAME, number, "baseline.json"), b"{}")
        schema = b'{"properties": {"age": {}, "height": {}}}'
        ports.objects.put(version_file_key(NAME, number, "schema.json"), schema)
    for number in (1, 2):
        day = Partition(NAME, number, date(2026, 11, 20 + number))
        values = {"verdict": 1.0, "effect": 0.1 * number, "mean": float(number)}
        rows = [
            StatisticRow("test", NAME, f"{NAME}:{number}", day.date, "age", name, value, 10)
            for name, value in values.items()
        ]
        ports.statistics.write(number, day, rows)
        ports.statistics.publish(number, day)
    return ports


def test_a_live_version_without_statistics_gives_way_to_the_newest_with_some(ports):
    found = data_monitor(NAME, ports, wanted="", everything=False)
    assert (found["version"], found["versions"]) == (2, [2, 1])
    assert [f["effect"] for f in found["features"]] == [0.2]


def test_an_older_version_is_shown_when_asked_for(ports):
    found = data_monitor(NAME, ports, wanted="", everything=False, version=1)
    assert (found["version"], found["days"]) == (1, ["2026-11-21"])
    assert feature_monitor(NAME, "age", ports, 1)["series"]["mean"] == {"2026-11-21": 1.0}
    assert feature_monitor(NAME, "age", ports)["series"]["mean"] == {"2026-11-22": 2.0}


def test_a_version_that_scored_nothing_has_no_days_and_names_those_that_did(ports):
    found = data_monitor(NAME, ports, wanted="", everything=True, version=3)
    assert (found["days"], found["features"], found["versions"]) == ([], [], [2, 1])


def test_the_newest_days_are_shown_until_others_are_asked_for(ports):
    first = date(2026, 8, 1)
    for place in range(MOST_DAYS + 2):
        day = Partition(NAME, 1, first + timedelta(days=place))
        row = StatisticRow("test", NAME, f"{NAME}:1", day.date, "age", "verdict", 2.0, 10)
        ports.statistics.write(1, day, [row])
        ports.statistics.publish(1, day)
    found = data_monitor(NAME, ports, wanted="", everything=True, version=1)
    # The newest is that of the fixture.
    assert (len(found["days"]), found["days"][0]) == (MOST_DAYS, "2026-08-04")
    assert found["earlier"] == 3
    found = data_monitor(NAME, ports, wanted="", everything=True, version=1, since=first)
    assert (len(found["days"]), found["earlier"]) == (MOST_DAYS + 3, 0)


def test_a_feature_of_nobody_is_not_found_and_the_inputs_are_named(ports):
    for version in (None, 3):
        with pytest.raises(NotFound, match="no feature 'nosuch'; its inputs are age, height"):
            feature_monitor(NAME, "nosuch", ports, version)


def test_an_input_without_statistics_is_found(ports):
    assert feature_monitor(NAME, "height", ports)["series"] == {}
    assert feature_monitor(NAME, "age", ports, 3)["series"] == {}
