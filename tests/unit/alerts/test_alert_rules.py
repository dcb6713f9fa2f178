"""Each rule fires on what it is for, once, and ends when that is over."""

from datetime import date

import pytest
from alert_scene import TODAY, URL

from scienceops.core.stats.terms import LEAST_ROWS
from scienceops.usecases.describe import describe_services

YESTERDAY = date(2026, 11, 22)
TOMORROW = date(2026, 11, 24)


def test_what_fires_is_told_where_all_services_are(scene):
    scene.version()
    scene.day({"city": 1.0})
    assert scene.told() == ["drift.firing"]
    (service,) = describe_services(scene.ports)
    assert service["alerts"] == ["drift"]
    scene.day({"city": 0.0}, TOMORROW)
    scene.turn(days=1)
    scene.told()
    (service,) = describe_services(scene.ports)
    assert service["alerts"] == []


def test_drift_names_the_features_of_the_newest_day(scene):
    scene.day({"age": 1.0}, YESTERDAY)
    scene.day({"age": 0.0, "city": 1.0, "bmi": 1.0, "new": -1.0})
    assert scene.told() == ["drift.firing"]
    (event,) = scene.seen
    assert event["url"] == URL
    assert event["data"]["details"] == {
        "version": 1,
        "day": "2026-11-23",
        "features": ["bmi", "city"],
        "features_count": 2,
    }
    assert event["data"]["summary"] == "bmi, city drift in version 1 on 2026-11-23"
    assert event["data"]["link"] == "https://ops.example/services/iris/data"
    assert (event["specversion"], event["source"]) == ("1.0", "/test/iris")
    assert (event["subject"], event["time"]) == ("iris:1", "2026-11-23T12:00:00.000Z")


def test_drift_of_an_older_day_is_over(scene):
    scene.day({"age": 1.0}, YESTERDAY)
    scene.day({"age": 0.0})
    assert scene.told() == []


def test_of_two_versions_on_one_day_the_live_one_counts(scene):
    scene.day({"age": 1.0}, version=2)
    scene.day({"age": 0.0}, version=1)
    assert scene.told() == []


@pytest.mark.parametrize("statistic", ["accuracy", "r2"])
def test_quality_below_the_bound_fires_with_its_value(scene, statistic):
    scene.policy(alert_quality_below="0.8")
    scene.quality(statistic, 0.7)
    assert scene.told() == ["quality.firing"]
    data = scene.seen[0]["data"]
    assert data["details"]["value"] == 0.7
    says = f"{statistic} of version 1 is 0.7 on 2026-11-23, in {data['details']['n']} labelled rows"
    assert data["summary"] == f"{says}, below 0.8"


def test_quality_at_the_bound_or_without_one_is_well(scene):
    scene.quality("accuracy", 0.1)
    assert scene.told() == []
    scene.policy(alert_quality_below="0.1")
    assert scene.told() == []


def test_a_few_labels_make_no_alert_and_hide_no_day_that_has_many(scene):
    scene.policy(alert_quality_below="0.8")
    scene.quality("accuracy", 0.0, labels=LEAST_ROWS - 1)
    assert scene.told() == []
    scene.quality("accuracy", 0.7, YESTERDAY)
    assert scene.told() == ["quality.firing"]


def test_another_value_of_the_same_day_is_no_other_alert(scene):
    scene.policy(alert_quality_below="0.8")
    scene.quality("accuracy", 0.7)
    assert scene.told() == ["quality.firing"]
    scene.quality("accuracy", 0.6)
    assert scene.told() == []


def test_a_failed_newest_version_fires_until_it_is_retried(scene):
    scene.version(1)
    scene.version(2, "failed", reason="no such package")
    assert scene.told() == ["failed_build.firing"]
    assert scene.seen[0]["data"]["details"]["reason"] == "no such package"
    assert scene.seen[0]["data"]["summary"] == "version 2: no such package"
    assert scene.seen[0]["subject"] == "iris:2"
    scene.version(2, "uploaded", attempt=2)
    assert scene.told() == ["failed_build.recovered"]
    assert scene.seen[-1]["data"]["summary"] == "over: version 2: no such package"


def test_a_run_that_keeps_failing_fires_once_however_often_it_is_tried(scene):
    scene.run(1, "succeeded")
    scene.run(2, "failing")
    assert scene.told() == ["failed_run.firing"]
    scene.run(2, "running", attempt=4)
    assert scene.told() == []
    scene.run(2, "failing", attempt=4)
    assert scene.told() == []
    scene.run(2, "succeeded", attempt=5)
    assert scene.told() == ["failed_run.recovered"]


def test_a_run_in_progress_hides_no_failing_one(scene):
    scene.run(1, "failing")
    scene.run(2, "running", attempt=1)
    assert scene.told() == ["failed_run.firing"]


def test_a_failing_run_of_another_service_is_none_of_this_one(scene):
    scene.run(1, "failing", service="tulips")
    assert scene.told() == []


def test_no_traffic_fires_until_a_row_is_captured(scene):
    scene.version(1)
    scene.policy(alert_no_traffic_hours="24")
    assert scene.told() == ["no_traffic.firing"]
    scene.ports.objects.put(f"captures/iris/1/date={TODAY}/a-00000001.parquet", b"")
    assert scene.told() == ["no_traffic.recovered"]
    scene.turn(days=2)
    assert scene.told() == ["no_traffic.firing"]


def test_a_version_that_is_live_for_less_time_is_given_that_time(scene):
    from scienceops.ports.model_registry import LedgerEntry, Record

    scene.version(1)
    scene.policy(alert_no_traffic_hours="6")
    entry = LedgerEntry("iris", scene.now, "ann", "version made live")
    scene.ports.registry.put(Record("iris", "note", 0, {}), entry)
    scene.turn(hours=5)
    assert scene.told() == []
    scene.turn(hours=2)
    assert scene.told() == ["no_traffic.firing"]


def test_no_traffic_is_off_unless_hours_are_given(scene):
    scene.version(1)
    assert scene.told() == []


def test_a_rule_that_is_no_longer_watched_ends_its_alert(scene):
    scene.day({"age": 1.0})
    assert scene.told() == ["drift.firing"]
    scene.policy(alert_on="quality,failed_run")
    assert scene.told() == ["drift.recovered"]
    assert scene.told() == []
