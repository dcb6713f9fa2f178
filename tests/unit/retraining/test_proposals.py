"""Rules propose a retraining: by drift of the last days, and by quality of enough labels."""

from datetime import timedelta

import pytest
from retraining_scene import NAME, Scene

from scienceops.core.names import Partition, model_id
from scienceops.core.stats.terms import DRIFT, LEAST_ROWS
from scienceops.ports.statistics_store import StatisticRow
from scienceops.usecases.due_retrainings import start_due_retrainings
from scienceops.usecases.request_retraining import read_retrainings

RETRAINABLE = {"files": {"train.py": "", "training_data.parquet": ""}, "target": "y"}


def drifts(scene: Scene, days_ago: int) -> None:
    publish(scene, days_ago, "x", "verdict", DRIFT, 100)


def publish(
    scene: Scene, days_ago: int, feature: str, statistic: str, value: float, n: int
) -> None:
    place = Partition(NAME, 2, (scene.now - timedelta(days=days_ago)).date())
    row = StatisticRow("t", NAME, model_id(NAME, 2), place.date, feature, statistic, value, n)
    scene.ports.statistics.write(1, place, [row])
    scene.ports.statistics.publish(1, place)


def proposed(scene: Scene) -> list[str]:
    start_due_retrainings(scene.ports, scene.clock)
    return [stored.value.why for stored in read_retrainings(NAME, scene.ports)]


def test_the_last_days_are_as_many_as_the_policy_says_today_among_them(scene):
    scene.version(2, manifest=RETRAINABLE)
    scene.service(live=2, policy={"retrain_drift_days": 3, "retrain_drift_window": 3})
    for days_ago in (3, 2, 1):
        drifts(scene, days_ago)
    assert proposed(scene) == []
    drifts(scene, 0)
    (why,) = proposed(scene)
    assert why.startswith("inputs drifted on 3 of the last 3 days")


@pytest.mark.parametrize(("labels", "proposals"), [(LEAST_ROWS - 1, 0), (LEAST_ROWS, 1)])
def test_quality_proposes_from_enough_labels_on(scene, labels, proposals):
    scene.version(2, manifest=RETRAINABLE)
    scene.service(live=2, policy={"retrain_quality_below": 0.9})
    publish(scene, 1, "(quality)", "accuracy", 0.5, labels)
    assert len(proposed(scene)) == proposals


def test_a_day_with_few_labels_hides_no_day_that_has_many(scene):
    scene.version(2, manifest=RETRAINABLE)
    scene.service(live=2, policy={"retrain_quality_below": 0.9})
    publish(scene, 2, "(quality)", "r2", 0.5, LEAST_ROWS)
    publish(scene, 1, "(quality)", "r2", 1.0, 1)
    (why,) = proposed(scene)
    assert why.startswith("r2 was 0.5 on ")
