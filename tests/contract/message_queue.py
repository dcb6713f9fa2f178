"""What every MessageQueue promises. Inherit it, give `queue` and, where time can be moved, `wait`.

Times are whole seconds and nothing is asserted to be prompt, since cloud queues are not.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from contract.waiting import wait_for

from scienceops.core.messages import LARGEST_BODY_BYTES
from scienceops.errors import BadInput
from scienceops.ports.message_queue import MAX_ATTEMPTS, Delivery, MessageQueue

T = TypeVar("T")

LARGEST = {"text": "x" * (LARGEST_BODY_BYTES - len('{"text":""}'))}


class MessageQueueContract:
    @pytest.fixture
    def queue(self) -> MessageQueue:
        """Queues that hold nothing under the names `work` and `captures`."""
        raise NotImplementedError

    @pytest.fixture
    def wait(self) -> Callable[[float], None]:
        """Lets so many seconds pass for the queue."""
        return time.sleep

    def receive_one(self, queue: MessageQueue, **options: Any) -> Delivery:
        [delivery] = queue.receive("work", **options)
        return delivery

    def in_time(
        self,
        queue: MessageQueue,
        wait: Callable[[float], None],
        seconds: float,
        attempt: Callable[[], T],
    ) -> T:
        """What an attempt gives that took less time than messages are hidden for; on a machine that
        stood still meanwhile it is made anew, with an empty queue."""

        def made() -> list[T]:
            began = time.monotonic()
            got = attempt()
            if time.monotonic() - began < seconds:
                return [got]
            wait(seconds + 1)
            for delivery in queue.receive("work"):
                queue.acknowledge(delivery)
            return []

        [got] = wait_for(made)
        return got

    @pytest.mark.parametrize(
        "body",
        [{}, {"kind": "x", "deep": [{"n": 1.5, "none": None, "é": "ü\n\U0001f600"}]}, LARGEST],
        ids=["empty", "nested", "largest"],
    )
    def test_a_body_arrives_as_it_was_sent(self, queue: MessageQueue, body: dict[str, Any]) -> None:
        queue.send("work", body)
        delivery = self.receive_one(queue)
        assert (delivery.queue, delivery.body, delivery.attempts) == ("work", body, 1)

    @pytest.mark.parametrize(
        "body",
        [{**LARGEST, "more": 1}, {"not": object()}, {"not": float("nan")}],
        ids=["large", "object", "nan"],
    )
    def test_a_body_that_is_too_large_or_no_json_is_refused(
        self, queue: MessageQueue, body: dict[str, Any]
    ) -> None:
        with pytest.raises(BadInput, match="message"):
            queue.send("work", body)
        assert queue.receive("work") == []

    def test_an_empty_queue_gives_nothing_at_once(self, queue: MessageQueue) -> None:
        assert queue.receive("work") == []
        assert queue.depth("work") == 0
        assert queue.set_aside("work") == []

    def test_queues_of_other_names_are_apart(self, queue: MessageQueue) -> None:
        queue.send("captures", {"n": 1})
        assert queue.receive("work") == []
        assert len(queue.receive("captures")) == 1

    def test_no_more_than_asked_for_are_delivered(self, queue: MessageQueue) -> None:
        for number in range(5):
            queue.send("work", {"n": number})
        first = queue.receive("work", most=2)
        rest = queue.receive("work", most=10)
        assert len(first) <= 2
        assert {d.body["n"] for d in first}.isdisjoint(d.body["n"] for d in rest)

    def test_what_was_received_is_hidden_until_its_time_has_passed(
        self, queue: MessageQueue, wait: Callable[[float], None]
    ) -> None:
        def receive() -> tuple[Delivery, list[Delivery]]:
            queue.send("work", {"n": 1})
            return self.receive_one(queue, visibility_seconds=2), queue.receive("work")

        first, early = self.in_time(queue, wait, 2, receive)
        assert early == []
        wait(3)
        second = self.receive_one(queue)
        assert (second.body, second.attempts) == (first.body, 2)
        assert second.receipt != first.receipt

    def test_a_delayed_message_waits(
        self, queue: MessageQueue, wait: Callable[[float], None]
    ) -> None:
        def send() -> list[Delivery]:
            queue.send("work", {"n": 1}, delay_seconds=2)
            return queue.receive("work")

        assert self.in_time(queue, wait, 2, send) == []
        wait(3)
        assert len(queue.receive("work")) == 1

    @pytest.mark.parametrize("seconds", [-1, 901])
    def test_a_delay_out_of_range_is_refused(self, queue: MessageQueue, seconds: float) -> None:
        with pytest.raises(BadInput, match="0 to 900"):
            queue.send("work", {}, delay_seconds=seconds)
        queue.send("work", {})
        delivery = self.receive_one(queue)
        with pytest.raises(BadInput, match="0 to 900"):
            queue.release(delivery, delay_seconds=seconds)

    def test_what_was_acknowledged_never_comes_again(
        self, queue: MessageQueue, wait: Callable[[float], None]
    ) -> None:
        def acknowledge() -> None:
            queue.send("work", {"n": 1})
            delivery = self.receive_one(queue, visibility_seconds=1)
            queue.acknowledge(delivery)
            queue.acknowledge(delivery)

        self.in_time(queue, wait, 1, acknowledge)
        wait(2)
        assert queue.receive("work") == []
        assert queue.depth("work") == 0

    def test_a_receipt_is_good_for_its_own_delivery_alone(
        self, queue: MessageQueue, wait: Callable[[float], None]
    ) -> None:
        def use_stale() -> list[Delivery]:
            queue.send("work", {"n": 1})
            stale = self.receive_one(queue, visibility_seconds=1)
            wait(2)
            self.receive_one(queue, visibility_seconds=2)
            queue.release(stale)
            early = queue.receive("work")
            queue.acknowledge(stale)
            return early

        assert self.in_time(queue, wait, 2 + 2, use_stale) == [], "a stale receipt released it"
        wait(3)
        assert len(queue.receive("work")) == 1, "a stale receipt deleted it"

    def test_what_was_released_comes_again_at_once(self, queue: MessageQueue) -> None:
        queue.send("work", {"n": 1})
        queue.release(self.receive_one(queue))
        assert self.receive_one(queue).attempts == 2

    def test_what_was_released_with_a_delay_waits(
        self, queue: MessageQueue, wait: Callable[[float], None]
    ) -> None:
        def release() -> list[Delivery]:
            queue.send("work", {"n": 1})
            queue.release(self.receive_one(queue), delay_seconds=2)
            return queue.receive("work")

        assert self.in_time(queue, wait, 2, release) == []
        wait(3)
        assert len(queue.receive("work")) == 1

    def test_a_message_that_nobody_acknowledges_is_set_aside(self, queue: MessageQueue) -> None:
        queue.send("work", {"n": 1})
        for attempt in range(1, MAX_ATTEMPTS + 1):
            delivery = self.receive_one(queue)
            assert delivery.attempts == attempt
            queue.release(delivery)
        assert queue.receive("work") == []
        assert queue.set_aside("work") == [{"n": 1}]
        assert queue.set_aside("captures") == []
        assert queue.depth("work") == 0

    def test_what_was_set_aside_holds_up_nothing_else(self, queue: MessageQueue) -> None:
        queue.send("work", {"n": 1})
        for _ in range(MAX_ATTEMPTS):
            queue.release(self.receive_one(queue))
        queue.send("work", {"n": 2})
        assert self.receive_one(queue).body == {"n": 2}

    def set_aside(self, queue: MessageQueue, *numbers: int) -> None:
        """Messages that nobody acknowledged."""
        for number in numbers:
            queue.send("work", {"n": number})
        for _ in range(MAX_ATTEMPTS):
            for delivery in queue.receive("work", most=len(numbers)):
                queue.release(delivery)
        assert queue.receive("work") == []

    def test_what_was_set_aside_can_be_sent_anew_with_all_attempts_before_it(
        self, queue: MessageQueue
    ) -> None:
        self.set_aside(queue, *range(12))
        queue.send("work", {"n": 12})
        taken = queue.set_aside("work", then="resend")
        assert [body["n"] for body in taken] == list(range(12))
        assert queue.set_aside("work") == []
        got = queue.receive("work", most=20)
        assert sorted(delivery.body["n"] for delivery in got) == list(range(13))
        assert {delivery.attempts for delivery in got} == {1}

    def test_what_was_set_aside_can_be_deleted_and_nothing_else_is(
        self, queue: MessageQueue
    ) -> None:
        self.set_aside(queue, 1, 2)
        queue.send("work", {"n": 3})
        assert queue.set_aside("captures", then="delete") == []
        assert queue.set_aside("work", then="delete") == [{"n": 1}, {"n": 2}]
        assert queue.set_aside("work") == []
        assert self.receive_one(queue).body == {"n": 3}

    def test_depth_counts_what_waits_and_what_is_worked_on(self, queue: MessageQueue) -> None:
        for number in range(3):
            queue.send("work", {"n": number})
        queue.send("work", {"n": 4}, delay_seconds=900)
        self.receive_one(queue, most=1)
        assert queue.depth("work") == 4

    def test_receivers_beside_each_other_never_share_a_message(self, queue: MessageQueue) -> None:
        for number in range(100):
            queue.send("work", {"n": number})

        def drain(_: int) -> list[int]:
            got: list[int] = []
            while deliveries := queue.receive("work", most=3, visibility_seconds=600):
                got += [delivery.body["n"] for delivery in deliveries]
            return got

        with ThreadPoolExecutor(8) as pool:
            got = [number for numbers in pool.map(drain, range(8)) for number in numbers]
        assert sorted(got) == list(range(100))
