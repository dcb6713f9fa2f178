"""Drift of the last days proposes a retraining, and those are as many days as the policy says."""

from datetime import timedelta

from retraining_scene import NAME, Scene

from scienceops.core.names import Partition, model_id
from scienceops.core.stats.terms import DRIFT
from scienceops.ports.statistics_store import StatisticRow
from scienceops.usecases.due_retrainings import start_due_retrainings
from scienceops.usecases.request_retraining import read_retrainings

RETRAINABLE = {"files": {"train.py": "", "training_data.parquet": ""}, "target": "y"}


def drifts(scene: Scene, days_ago: int) -> None:
    place = Partition(NAME, 2, (scene.now - timedelta(days=days_ago)).date())
    row = StatisticRow("t", NAME, model_id(NAME, 2), place.date, "x", "verdict", DRIFT, 100)
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
