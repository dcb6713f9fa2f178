"""Two who ask, start or propose at once: one goes on, by what it was asked for itself."""

import json
from typing import Any

import pytest
from meanwhile import meanwhile
from retraining_scene import NAME, Scene

from scienceops.core.names import Partition, model_id
from scienceops.core.retraining import MOVING, RetrainingState
from scienceops.core.stats.terms import DRIFT
from scienceops.errors import Conflict, WrongState
from scienceops.ports.model_registry import Record
from scienceops.ports.statistics_store import StatisticRow
from scienceops.usecases.due_retrainings import start_due_retrainings
from scienceops.usecases.request_retraining import (
    read_retrainings,
    request_retraining,
    start_proposed,
)
from scienceops.usecases.retraining_job import order_job

MINE = {"since": "2026-11-16", "until": "2026-11-18"}
THEIRS = {"since": "2026-11-17", "until": "2026-11-22"}
CAPTURED = Partition(NAME, 1, Scene.now.date().replace(day=17))


@pytest.fixture
def retrainable(scene: Scene) -> Scene:
    """A live version that can be retrained, with captures of a day."""
    files = {"train.py": {}, "training_data.parquet": {}}
    scene.version(1, manifest={"files": files, "target": "y", "task": "classification"})
    scene.ports.objects.put(CAPTURED.segment_key("a", 0), b"rows")
    return scene


def is_of_a_retraining(record: Record, *_: object) -> bool:
    return record.key.startswith("retraining/")


def order_of(scene: Scene, number: int) -> dict[str, Any]:
    """What the jobs of a retraining are told to read."""
    words = order_job(scene.found(number), "select", 60).arguments
    found: dict[str, Any] = json.loads(scene.ports.objects.get(words[1]))
    return found


def test_of_two_who_ask_at_once_the_first_reads_what_it_chose(
    retrainable: Scene, monkeypatch: pytest.MonkeyPatch
):
    scene = retrainable
    mine = meanwhile(
        monkeypatch,
        scene.ports.objects,
        "put",
        lambda: request_retraining(NAME, MINE, "ann", scene.ports, scene.clock),
        lambda key, *_: "retraining-1" in key,
    )
    with pytest.raises(Conflict, match="retraining 1 of 'iris', asked for by ann"):
        request_retraining(NAME, THEIRS, "eva", scene.ports, scene.clock)
    assert mine
    assert order_of(scene, 1)["selection"]["until"] == MINE["until"]


def test_a_proposal_that_is_started_twice_at_once_reads_what_there_was_at_first(
    retrainable: Scene, monkeypatch: pytest.MonkeyPatch
):
    scene = retrainable
    scene.retraining(1, state="proposed", selection=MINE)

    def start_and_score() -> None:
        start_proposed(NAME, 1, "ann", scene.ports, scene.clock)
        scene.ports.objects.put(CAPTURED.segment_key("later", 0), b"rows")

    # The second has looked already whether it is a proposal.
    meanwhile(
        monkeypatch,
        scene.ports.objects,
        "scan",
        start_and_score,
        lambda prefix: prefix == CAPTURED.prefix,
    )
    with pytest.raises(WrongState, match="retraining 1 of 'iris' is selecting, no proposal"):
        start_proposed(NAME, 1, "eva", scene.ports, scene.clock)
    (partition,) = order_of(scene, 1)["partitions"]
    assert partition["keys"] == [CAPTURED.segment_key("a", 0)]


def test_a_retraining_that_an_earlier_release_began_reads_the_order_of_its_number(scene: Scene):
    words = order_job(scene.retraining(3), "select", 60).arguments
    assert words == ("--order", "training_sets/iris/retraining-3.json")


def test_two_clocks_at_once_propose_once(retrainable: Scene, monkeypatch: pytest.MonkeyPatch):
    scene = retrainable
    scene.service(policy={"retrain_drift_days": 1})
    place = Partition(NAME, 1, scene.now.date())
    row = StatisticRow("t", NAME, model_id(NAME, 1), place.date, "x", "verdict", DRIFT, 100)
    scene.ports.statistics.write(1, place, [row])
    scene.ports.statistics.publish(1, place)
    meanwhile(
        monkeypatch,
        scene.ports.registry,
        "put",
        lambda: start_due_retrainings(scene.ports, scene.clock),
        is_of_a_retraining,
    )
    start_due_retrainings(scene.ports, scene.clock)
    found = [stored.value for stored in read_retrainings(NAME, scene.ports)]
    assert [(r.number, r.state) for r in found] == [(1, RetrainingState.PROPOSED)]


def test_two_clocks_at_once_tell_once_that_a_cron_line_could_not_be_followed(
    retrainable: Scene, monkeypatch: pytest.MonkeyPatch
):
    scene = retrainable
    scene.ports.objects.delete(CAPTURED.segment_key("a", 0))
    policy = {"retrain_cron": "* * * * *"}
    scene.service(policy=policy, policy_at="2026-11-20T00:00:00Z")
    meanwhile(
        monkeypatch,
        scene.ports.objects,
        "scan",
        lambda: start_due_retrainings(scene.ports, scene.clock),
    )
    start_due_retrainings(scene.ports, scene.clock)
    found = [stored.value for stored in read_retrainings(NAME, scene.ports)]
    assert [(r.number, r.state) for r in found] == [(1, RetrainingState.FAILED)]


def test_a_retraining_decided_by_what_is_not_the_newest_any_more_is_a_conflict(retrainable: Scene):
    scene = retrainable
    scene.retraining(1, state="compared")
    with pytest.raises(Conflict, match="retraining 1 of 'iris' was asked for or proposed"):
        request_retraining(NAME, MINE, "ann", scene.ports, scene.clock, after=0)
    request_retraining(NAME, MINE, "ann", scene.ports, scene.clock, after=1)
    assert scene.found(2).state in MOVING
