"""Announcements: as many as there are calls, of which a run takes what it needs and loses none."""

from dataclasses import replace
from datetime import date, timedelta
from threading import Lock

import pytest
from retraining_scene import Scene
from watched_bucket import WatchedBucket

from scienceops.adapters.local.message_queue import SqliteMessageQueue
from scienceops.core.messages import CAPTURES, CaptureChanged
from scienceops.core.names import Partition
from scienceops.core.versions import StatisticsRun
from scienceops.ports.message_queue import Delivery, MessageQueue
from scienceops.usecases import take_announcements as taking
from scienceops.usecases.freeze_run import freeze_run

DAY = date(2026, 11, 20)
PLACE = Partition("iris", 1, DAY)


def announce(queue: MessageQueue, *places: Partition) -> None:
    for place in places:
        message = CaptureChanged(
            service=place.service, version=place.version, date=place.date.isoformat()
        )
        queue.send(CAPTURES, message.to_body())


def put(scene: Scene, place: Partition, count: int = 1) -> None:
    for number in range(count):
        scene.ports.objects.put(place.segment_key("a", number), b"rows")


def freeze(scene: Scene) -> StatisticsRun | None:
    how = {"engine": "inline", "environment": "test", "requested_by": "ann"}
    return freeze_run(scene.ports, scene.clock, **how)


def test_a_run_lists_no_days_but_those_that_it_computes(scene: Scene):
    days = [PLACE, replace(PLACE, date=DAY + timedelta(days=3))]
    others = [replace(PLACE, date=DAY + timedelta(days=n)) for n in (-40, -1, 8, 9)]
    for place in (*days, *others):
        put(scene, place, 3)
    announce(scene.ports.queue, PLACE)
    watched = WatchedBucket(scene.ports.objects)
    scene.ports = replace(scene.ports, objects=watched)
    run = freeze(scene)
    assert run is not None
    assert (run.partitions, run.segments) == (2, 6)
    assert {Partition.of_key(key) for key in watched.listed} == set(days)


def test_what_says_the_same_is_deleted_before_the_run_is_frozen(scene: Scene):
    announce(scene.ports.queue, *[PLACE] * 100)
    taken = taking.take_announcements(scene.ports.queue, scene.clock)
    # Whoever took them dies here.
    assert len(taken) == scene.ports.queue.depth(CAPTURES) == taking.HELD
    scene.turn(seconds=taking.FREEZE_SECONDS + 1)
    put(scene, PLACE)
    run = freeze(scene)
    assert run is not None
    assert run.partitions == 1
    assert scene.ports.queue.depth(CAPTURES) == 0


def test_of_each_partition_one_message_is_held(scene: Scene):
    places = [replace(PLACE, version=number) for number in range(1, 31)]
    announce(scene.ports.queue, *places * 3)
    taken = taking.take_announcements(scene.ports.queue, scene.clock)
    assert {taking.announced_by(delivery) for delivery in taken} == set(places)


def test_a_message_that_is_delivered_twice_at_once_is_not_lost(scene: Scene):
    class Doubling(SqliteMessageQueue):
        """A queue that delivers a message twice, and takes either receipt."""

        def receive(self, queue: str, **how: float) -> list[Delivery]:
            return [each for found in super().receive(queue, **how) for each in (found, found)]

    home = scene.home / "platform.db"
    queue = Doubling(home, lambda: scene.now.timestamp())
    announce(queue, PLACE)
    taking.take_announcements(queue, scene.clock)
    assert queue.depth(CAPTURES) == 1


def test_a_flood_of_messages_ends_in_time(scene: Scene):
    class Endless(SqliteMessageQueue):
        """A queue that is never empty; each look takes a second."""

        lock = Lock()

        def receive(self, queue: str, **how: float) -> list[Delivery]:
            with self.lock:
                scene.turn(seconds=1)
                announce(self, PLACE)
                return super().receive(queue, **how)

    queue = Endless(scene.home / "platform.db", lambda: scene.now.timestamp())
    began = scene.now
    assert len(taking.take_announcements(queue, scene.clock)) == taking.HELD
    took = (scene.now - began).total_seconds()
    assert taking.TAKE_SECONDS <= took <= taking.TAKE_SECONDS + taking.SIDE_BY_SIDE


def test_many_messages_are_thinned_out_while_no_run_is_due(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(taking, "MANY", 20)
    put(scene, PLACE)
    announce(scene.ports.queue, PLACE)
    first = freeze(scene)
    assert first is not None
    other = replace(PLACE, version=2)
    announce(scene.ports.queue, *[PLACE] * 15, *[other] * 15)
    scene.tick()
    assert scene.ports.queue.depth(CAPTURES) == 2
    taken = scene.ports.queue.receive(CAPTURES)
    # A message that was only looked at has all of its attempts before it.
    assert {(taking.announced_by(each), each.attempts) for each in taken} == {
        (PLACE, 1),
        (other, 1),
    }


def test_a_few_messages_wait_for_the_run_as_they_are(scene: Scene):
    put(scene, PLACE)
    announce(scene.ports.queue, PLACE)
    assert freeze(scene) is not None
    announce(scene.ports.queue, *[PLACE] * 15)
    scene.tick()
    assert scene.ports.queue.depth(CAPTURES) == 15
