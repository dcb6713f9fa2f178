"""SqliteMessageQueue keeps the promises of the queue, also between processes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from contract.message_queue import MessageQueueContract
from contract.processes import race

from scienceops.adapters.local.message_queue import SqliteMessageQueue
from scienceops.errors import BadInput


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


class TestSqliteMessageQueue(MessageQueueContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def queue(self, tmp_path: Path, clock: Clock) -> SqliteMessageQueue:
        return SqliteMessageQueue(tmp_path / "platform.db", clock)

    @pytest.fixture
    def wait(self, clock: Clock) -> Callable[[float], None]:
        return clock.wait

    def test_messages_outlive_the_process(self, queue: SqliteMessageQueue, tmp_path: Path) -> None:
        queue.send("work", {"n": 1})
        assert SqliteMessageQueue(tmp_path / "platform.db").depth("work") == 1

    def test_what_is_due_first_is_received_first(
        self, queue: SqliteMessageQueue, clock: Clock
    ) -> None:
        for number in range(5):
            queue.send("work", {"n": number})
            clock.wait(1)
        assert [self.receive_one(queue, most=1).body["n"] for _ in range(5)] == [0, 1, 2, 3, 4]

    def test_what_was_sent_before_the_clock_was_set_back_does_not_wait_for_it_to_come_again(
        self, queue: SqliteMessageQueue, clock: Clock
    ) -> None:
        queue.send("work", {"n": 1})
        queue.send("work", {"n": 2})
        assert len(queue.receive("work", most=1)) == 1
        clock.wait(-3600)
        assert [delivery.body["n"] for delivery in queue.receive("work")] == [1, 2]

    def test_a_delay_as_long_as_any_is_waited_for(
        self, queue: SqliteMessageQueue, clock: Clock
    ) -> None:
        queue.send("work", {"n": 1}, delay_seconds=900)
        assert queue.receive("work") == []
        clock.wait(900)
        assert len(queue.receive("work", visibility_seconds=900)) == 1
        assert queue.receive("work") == []
        with pytest.raises(BadInput, match="hidden for 901 s: wanted 900 at most"):
            queue.receive("work", visibility_seconds=901)

    def test_racing_processes_claim_each_message_once(self, tmp_path: Path) -> None:
        queue = SqliteMessageQueue(tmp_path / "platform.db")
        for number in range(60):
            queue.send("work", {"number": number})
        got = race("claim", tmp_path, ["1", "2", "3"])
        assert sorted(int(n) for numbers in got for n in numbers) == list(range(60))
        assert queue.depth("work") == 0

    def test_processes_that_meet_at_a_new_file_all_get_in(self, tmp_path: Path) -> None:
        race("open_new_file", tmp_path, ["1", "2", "3", "4", "5", "6"])
        assert SqliteMessageQueue(tmp_path / "platform.db").depth("work") == 6
