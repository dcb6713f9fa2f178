"""A lost message heals whatever else goes on, and nothing is led on by more and more of them."""

import pytest
from retraining_scene import NAME, Scene

from scienceops.core.messages import WORK, AdvanceRetraining, AdvanceVersion
from scienceops.core.versions import Promotion
from scienceops.errors import RevisionConflict
from scienceops.usecases import nudge as nudging
from scienceops.usecases.nudge import nudge_service
from scienceops.usecases.records import stamp

BUILD = AdvanceVersion(service=NAME, version=2)
TRAINING = AdvanceRetraining(service=NAME, number=1)


def builds(scene: Scene) -> None:
    """A build that takes its time, and the message that looks at it."""
    scene.version(2, state="building", build_id="b", digest="d")
    scene.ports.queue.send(WORK, BUILD.to_body())


def trains(scene: Scene) -> None:
    """A training that takes its time, and the message that looks at it."""
    scene.retraining(state="training")
    scene.ports.queue.send(WORK, TRAINING.to_body())


def go_on(scene: Scene, minutes: int) -> list[int]:
    """Work twice a second and turn the clock each minute; the messages there were at each turn."""
    found = []
    for _ in range(minutes):
        for _ in range(120):
            scene.work()
            scene.turn(seconds=0.5)
        scene.tick()
        scene.work()
        found.append(scene.ports.queue.depth(WORK))
    return found


def test_an_approval_whose_message_was_lost_is_carried_out_while_another_thing_trains(
    scene: Scene,
):
    trains(scene)
    scene.version(2)
    asked = Promotion(version=2, kind="rollback", by="ann", comment="", at=stamp(scene.now))
    scene.service(live=1, promotion=asked)
    go_on(scene, 2)
    assert scene.live().live == 2


def test_a_long_build_and_a_long_training_have_one_message_each(scene: Scene):
    builds(scene)
    trains(scene)
    assert go_on(scene, 10) == [2] * 10


def test_messages_that_were_doubled_are_one_again_after_a_nudge(scene: Scene):
    builds(scene)
    for _ in range(9):
        scene.ports.queue.send(WORK, BUILD.to_body())
    scene.work()
    assert scene.ports.queue.depth(WORK) == 10
    assert go_on(scene, 2)[-1] == 1


def test_a_message_that_waits_long_does_not_come_back_as_a_second_chain(scene: Scene):
    builds(scene)
    (delivery,) = scene.ports.queue.receive(WORK)
    scene.ports.queue.release(delivery, delay_seconds=600)
    assert go_on(scene, 9)[-1] == 2  # One that waits, and the chain.
    assert go_on(scene, 4)[-1] == 1


def test_a_nudge_that_dies_before_it_is_written_down_breaks_no_chain(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    builds(scene)
    scene.work()
    scene.turn(minutes=2)

    def die(*args, **more):
        raise OSError("no route to the registry")

    with monkeypatch.context() as patch:
        patch.setattr(nudging, "save", die)
        with pytest.raises(OSError, match="no route"):
            nudge_service(NAME, scene.ports, scene.clock, 60)
    scene.work()
    assert scene.ports.queue.depth(WORK) == 2
    assert go_on(scene, 2)[-1] == 1


def test_two_clocks_that_turn_at_once_nudge_for_one(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    builds(scene)
    scene.turn(minutes=2)

    def come_second(*args, **more):
        raise RevisionConflict(NAME, "nudges", 0, 1)

    with monkeypatch.context() as patch:
        patch.setattr(nudging, "save", come_second)
        nudge_service(NAME, scene.ports, scene.clock, 60)
    nudge_service(NAME, scene.ports, scene.clock, 60)
    assert go_on(scene, 2)[-1] == 1


def test_what_has_come_to_rest_is_forgotten(scene: Scene):
    builds(scene)
    scene.tick()
    scene.version(2, digest="d")
    scene.tick()
    record = scene.ports.registry.get(NAME, "nudges")
    assert record is not None
    assert record.body["items"] == {}
