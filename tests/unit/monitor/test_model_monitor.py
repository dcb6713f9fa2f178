"""ModelMonitor of a service with many versions and many days."""

from datetime import date, timedelta

import pytest
from retraining_scene import NAME, Scene

from scienceops.core.names import Partition, model_id
from scienceops.errors import VersionNotFound
from scienceops.ports.statistics_store import StatisticRow
from scienceops.usecases.data_monitor import feature_monitor
from scienceops.usecases.model_monitor import MOST_VERSIONS, model_monitor
from scienceops.usecases.shown_statistics import MOST_DAYS

FIRST = date(2026, 9, 1)
DAYS = 40


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    """Version 2 is live with many days; 1 and 3 to 8 have a day each; 9 has scored nothing."""
    scene = Scene(tmp_path_factory.mktemp("home"))
    for number in range(2, 10):
        scene.version(number)
    scene.service(live=2, traffic={"2": 90, "4": 10})
    for number in range(1, 9):
        for place in range(DAYS if number == 2 else 1):
            day = Partition(NAME, number, FIRST + timedelta(days=place))
            values = {"count": 10.0, "p1": 1.0, "p5": 5.0, "p25": 25.0}
            rows = [
                StatisticRow(
                    "test", NAME, model_id(NAME, number), day.date, "prediction", name, value, 10
                )
                for name, value in values.items()
            ]
            scene.ports.statistics.write(1, day, rows)
            scene.ports.statistics.publish(1, day)
    return scene.ports


def test_those_that_answer_calls_and_the_newest_are_shown_newest_first(ports):
    found = model_monitor(NAME, ports)
    assert list(found["versions"]) == ["iris:8", "iris:4", "iris:2"]
    assert len(found["versions"]) == MOST_VERSIONS
    assert found["known"] == [8, 7, 6, 5, 4, 3, 2, 1]


def test_any_other_version_is_shown_when_asked_for(ports):
    assert list(model_monitor(NAME, ports, version=5)["versions"]) == ["iris:5"]
    assert model_monitor(NAME, ports, version=9)["versions"] == {}
    with pytest.raises(VersionNotFound):
        model_monitor(NAME, ports, version=99)


def test_of_many_days_the_newest_are_shown_and_the_others_counted(ports):
    shown = model_monitor(NAME, ports)["versions"]["iris:2"]
    last = FIRST + timedelta(days=DAYS - 1)
    assert (len(shown["days"]), shown["days"][-1]) == (MOST_DAYS, last.isoformat())
    assert shown["hidden"] == DAYS - MOST_DAYS


def test_the_days_that_are_asked_for_are_shown_however_many(ports):
    shown = model_monitor(NAME, ports, since=FIRST)["versions"]["iris:2"]
    assert (len(shown["days"]), shown["hidden"]) == (DAYS, 0)
    until = FIRST + timedelta(days=1)
    shown = model_monitor(NAME, ports, until=until)["versions"]["iris:2"]
    assert (shown["days"], shown["hidden"]) == (["2026-09-01", "2026-09-02"], 0)


def test_quantiles_are_charted_by_their_size(ports):
    assert feature_monitor(NAME, "prediction", ports)["charted"] == ["p1", "p5", "p25", "count"]
