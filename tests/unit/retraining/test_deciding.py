"""Policy decides on a compared candidate: once, also when a message was lost."""

import pytest
from retraining_scene import NAME, Scene

from scienceops.core.messages import WORK
from scienceops.usecases import decide_candidate as deciding
from scienceops.usecases.promote import roll_back

COMPARISON = {"live": 1, "better": True, "why": "accuracy"}


@pytest.fixture(autouse=True)
def _compared(scene: Scene) -> None:
    scene.service(policy={"promotion": "manual", "candidates": "auto_if_better"})
    scene.version(2, manifest={"origin": {"training_set": "t"}})
    scene.retraining(state="compared", version=2, comparison=COMPARISON, to_decide=True)


def work_off(scene: Scene) -> None:
    for _ in range(20):
        scene.work()
        scene.turn(seconds=1)


def test_a_decision_whose_message_was_lost_is_made_by_the_clock(scene: Scene):
    scene.tick()
    work_off(scene)
    assert scene.live().live == 2


def test_what_a_person_does_afterwards_holds(scene: Scene):
    scene.tick()
    work_off(scene)
    roll_back(NAME, "ann", "biased", scene.ports, scene.clock)
    work_off(scene)
    scene.advance()
    scene.tick()
    work_off(scene)
    assert scene.live().live == 1
    assert scene.actions().count("version approved") == 1


def test_a_worker_that_dies_after_the_approval_does_not_make_a_second_one(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    def die(*args, **more):
        raise OSError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(deciding, "save", die)
        with pytest.raises(OSError, match="killed"):
            scene.advance()
    work_off(scene)
    roll_back(NAME, "ann", "biased", scene.ports, scene.clock)
    work_off(scene)
    scene.tick()
    work_off(scene)
    assert scene.live().live == 1


def test_a_candidate_that_waits_for_a_person_is_not_nudged(scene: Scene):
    scene.retraining(state="compared", version=2, comparison=COMPARISON)
    scene.tick()
    assert scene.ports.queue.depth(WORK) == 0
