"""What is told of a retraining: where it stands, and what became of its candidate."""

from retraining_scene import NAME, Scene

from scienceops.core.retraining import RetrainingState
from scienceops.usecases.describe_retrainings import (
    describe_retraining,
    describe_retrainings,
    waiting_for_people,
)
from scienceops.usecases.promote import approve_version, reject_version, roll_back

COMPARISON = {"live": 1, "better": True, "why": "accuracy"}


def candidates(scene: Scene) -> list[str]:
    return [told["candidate"] for told in describe_retrainings(NAME, scene.ports)]


def work_off(scene: Scene) -> None:
    for _ in range(20):
        scene.work()
        scene.turn(seconds=1)


def test_a_candidate_is_told_from_its_comparison_to_what_became_of_it(scene: Scene):
    scene.version(2)
    scene.retraining(state="comparing", version=2)
    assert candidates(scene) == [""]
    scene.retraining(state="compared", version=2, comparison=COMPARISON)
    assert candidates(scene) == ["to decide"]
    assert [told["number"] for told in waiting_for_people(NAME, scene.ports)] == [1]
    approve_version(NAME, 2, "ann", "better", scene.ports, scene.clock)
    work_off(scene)
    assert candidates(scene) == ["live"]
    roll_back(NAME, "ann", "biased", scene.ports, scene.clock)
    work_off(scene)
    assert candidates(scene) == ["was live"]
    assert waiting_for_people(NAME, scene.ports) == []
    assert describe_retraining(NAME, 1, scene.ports)["candidate"] == "was live"


def test_one_that_was_turned_down_is_told_and_others_have_no_candidate(scene: Scene):
    scene.version(2)
    scene.version(3, state="failed", reason="no disk")
    scene.retraining(1, state="compared", version=2, comparison=COMPARISON)
    scene.retraining(2, state="compared", version=3, comparison=COMPARISON)
    scene.retraining(3, state="failed", version=3, reason="no disk")
    scene.retraining(4, state="proposed")
    reject_version(NAME, 2, "ann", "biased", scene.ports, scene.clock)
    assert candidates(scene) == ["", "", "failed", "rejected"]
    (waits,) = waiting_for_people(NAME, scene.ports)
    assert (waits["number"], waits["state"]) == (4, RetrainingState.PROPOSED)
