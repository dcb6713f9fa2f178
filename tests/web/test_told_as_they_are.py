"""Pages tell of hours as hours, of a regression by how far it moved, of quality without verdict."""

from datetime import UTC, date, datetime

import pytest

from scienceops.bootstrap import build_app
from scienceops.config import load_settings
from scienceops.core.names import PREDICTION, QUALITY, Partition, version_file_key
from scienceops.core.retraining import Retraining
from scienceops.core.versions import Service, Version
from scienceops.ports.statistics_store import StatisticRow
from scienceops.usecases.due_retrainings import start_due_retrainings
from scienceops.usecases.flag_rows import flag_rows
from scienceops.usecases.records import Stored, number_key, read_service, save, update
from scienceops.web import create_app

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MANIFEST = {"task": "regression", "classes": [], "metrics": {}, "tags": {}, "origin": {}}
MANIFEST |= {"files": {}, "model": {"format": "skops", "allow_pickle": False}}
SELECTION = {"since": "2026-11-16", "until": "2026-11-22", "flagged_only": False}
SELECTION |= {"keep_original": 1.0, "half_life_days": None}
DAY = Partition("iris", 1, date(2026, 11, 20))


@pytest.fixture
def app(tmp_path):
    """A service with a live version that has a day of statistics."""
    settings = load_settings({"SCIENCEOPS_HOME": str(tmp_path)})
    app = build_app(settings)
    put(app, Service(name="iris", live=1), "service")
    for number in (1, 2):
        version = Version(
            service="iris",
            number=number,
            digest="d",
            uploaded_at="",
            uploaded_key="",
            manifest=MANIFEST,
        )
        put(app, version, number_key("version", number))
    app.ports.objects.put(version_file_key("iris", 1, "baseline.json"), b"{}")
    rows = [
        StatisticRow("test", "iris", "iris:1", DAY.date, feature, name, 1.0, 10)
        for feature, name in (("age", "verdict"), (PREDICTION, "count"), (PREDICTION, "verdict"))
    ]
    rows.append(
        StatisticRow("test", "iris", "iris:1", DAY.date, PREDICTION, "count_ratio:a", 1.0, 10)
    )
    rows.append(StatisticRow("test", "iris", "iris:1", DAY.date, QUALITY, "mae", 1.0, 10))
    app.ports.statistics.write(1, DAY, rows)
    app.ports.statistics.publish(1, DAY)
    app.read = lambda path: (
        create_app(app, settings).test_client().get(path, headers={"Host": "127.0.0.1:8400"}).text
    )
    return app


def put(app, value, key):
    save(app.ports.registry, Stored(value, "iris", key), value, at=NOW)


def flag(app, since, until):
    window = {"since": datetime.fromisoformat(since), "until": datetime.fromisoformat(until)}
    flag_rows("iris", "wrong", "eva", app.ports, lambda: NOW, **window)


def test_a_flag_on_hours_is_told_by_its_hours_and_frames_no_day(app):
    flag(app, "2026-11-20T09:00+00:00", "2026-11-20T11:00+00:00")
    assert "09:00 to 11:00 UTC" in app.read("/services/iris/feature?feature=age")
    models = app.read("/services/iris/models")
    assert "09:00 to 11:00 UTC" in models
    assert "framed: flagged days" not in models


def test_a_flag_on_a_day_frames_it(app):
    flag(app, "2026-11-20T00:00+00:00", "2026-11-21T00:00+00:00")
    assert "framed: flagged days" in app.read("/services/iris/models")
    assert "to 24:00" not in app.read("/services/iris/feature?feature=age")


@pytest.mark.parametrize("moved", [{"moved": 0.125, "spread": 8.5}, {"agreement": 0.0}])
def test_of_a_regression_no_agreement_is_told(app, moved):
    part = {"rows": 40, "live": {"r2": 0.8}, "candidate": {"r2": 0.9}, "standard_error": 0.01}
    times = {"median": 1.0, "p95": 2.0}
    replay = {"rows": 70, "latency_ms": {"live": times, "candidate": times}, "changed": [], **moved}
    comparison = {"live": 1, "candidate": 2, "metric": "r2", "recent": part, "original": part}
    comparison |= {"replay": replay, "better": True, "why": "surely"}
    retraining = Retraining(
        number=1,
        service="iris",
        state="compared",
        base=1,
        selection=SELECTION,
        requested_by="ann",
        requested_at="2026-11-22T00:00:00.000Z",
        version=2,
        comparison=comparison,
    )
    put(app, retraining, number_key("retraining", 1))
    page = app.read("/services/iris/retrainings/1")
    assert "one row at a time" in page
    assert "agreement" not in page
    assert ("0.125" in page, "8.5" in page) == ("moved" in moved, "moved" in moved)


def test_quality_has_charts_that_are_explained_and_no_verdict(app):
    page = app.read(f"/services/iris/feature?feature={QUALITY}")
    assert "how far answers are from the truth on average" in page
    assert "It has no verdict." in page
    assert "No statistics of this feature." in app.read(
        "/services/iris/feature?feature=(latency_ms)"
    )


def test_the_page_of_a_retraining_by_a_rule_that_could_not_be_begun_says_why(app):
    registry = app.ports.registry
    rules = {"retrain_drift_days": 1, "retrain_drift_window": 7}
    update(
        registry,
        lambda: read_service(registry, "iris"),
        lambda service: service.changed(policy=rules),
        at=NOW,
    )
    start_due_retrainings(app.ports, lambda: NOW)
    page = app.read("/services/iris/retrainings/1")
    assert "carries no train.py" in page
    assert "2026-10-25 to 2026-11-23." in page
