"""Pages of a service that has lived long: many versions, many days."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from retraining_scene import NAME, Scene

from scienceops.app import App
from scienceops.config import Settings
from scienceops.core.names import Partition, model_id
from scienceops.ports.statistics_store import StatisticRow
from scienceops.web import create_app
from scienceops.web.pages import NEWEST_VERSIONS

MANIFEST = {
    "task": "classification",
    "classes": ["no", "yes"],
    "metrics": {},
    "tags": {},
    "origin": {},
    "model": {"format": "skops", "allow_pickle": False},
}
VERSIONS = 30
FIRST = date(2026, 10, 1)


@pytest.fixture(scope="module")
def look(tmp_path_factory):
    """The page at a path."""
    home = tmp_path_factory.mktemp("home")
    scene = Scene(home)
    for number in range(1, VERSIONS + 1):
        scene.version(number, manifest=MANIFEST)
    scene.service(live=5, previous=3, traffic={"5": 90, "7": 10})
    for place in range(50):
        day = Partition(NAME, 5, FIRST + timedelta(days=place))
        values = {"count": 9.0, "verdict": float(place >= 40), "count_ratio:yes": 1.0}
        rows = [
            StatisticRow("test", NAME, model_id(NAME, 5), day.date, feature, name, value, 9)
            for feature in ("prediction", "age")
            for name, value in values.items()
        ]
        scene.ports.statistics.write(1, day, rows)
        scene.ports.statistics.publish(1, day)
    settings = Settings(home=home)
    app = App(scene.ports, settings)
    begin = datetime(2026, 10, 3, tzinfo=UTC)
    app.decisions.flag(
        NAME, "wrong", "eva", since=begin, until=begin + timedelta(days=20), comment="sensor off"
    )
    client = create_app(app, settings).test_client()

    def page(path):
        here = {"environ_base": {"REMOTE_ADDR": "127.0.0.1"}, "base_url": "http://127.0.0.1"}
        reply = client.get(f"/services/{NAME}{path}", **here)
        assert reply.status_code == 200
        return reply.get_data(as_text=True)

    return page


def versions_in(page):
    return [int(number) for number in re.findall(r'data-label="Version"><span>\s*<b>(\d+)', page)]


def test_a_service_shows_its_newest_versions_and_the_older_ones_that_are_in_use(look):
    page = look("")
    newest = list(range(VERSIONS, VERSIONS - NEWEST_VERSIONS, -1))
    assert versions_in(page) == [*newest, 7, 5, 3]
    assert f"{VERSIONS - NEWEST_VERSIONS - 3} older versions" in page


def test_every_version_is_one_press_away(look):
    (address,) = re.findall(r'href="/services/iris(\?versions=[^"]*)"', look(""))
    page = look(address)
    assert versions_in(page) == list(range(VERSIONS, 0, -1))
    assert "older version" not in page


def test_model_monitor_offers_the_days_that_it_does_not_show(look):
    page = look("/models")
    assert "20 earlier days have statistics, too" in page
    assert 'name="since"' in page
    assert page.count('data-label="Predictions"') == 30
    assert "earlier day" not in look("/models?since=2026-10-01")


def test_data_monitor_offers_the_days_that_it_does_not_show(look):
    assert "20 earlier days have statistics, too" in look("/data?all=1")
    assert "earlier day" not in look("/data?all=1&since=2026-10-01")


def test_days_without_statistics_are_told_from_a_service_without_any(look):
    assert "There are no statistics of these days" in look("/models?until=2020-01-01")
    assert "no statistics of version 9 on these days" in look("/models?version=9")


def test_days_that_are_alike_are_told_as_one_stretch(look):
    page = re.sub(r"<[^>]*>", "", look("/feature?feature=age"))
    assert "2026-10-03 to 2026-10-22 wrong flagged by eva: sensor off" in page
    assert "2026-10-01 to 2026-11-09 stable" in page
    assert "2026-11-10 to 2026-11-19 drift" in page
