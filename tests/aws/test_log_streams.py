"""A log that is longer than what is read of it has its end all the same."""

from typing import Any

import pytest
from emulators.stand_in_logs import PAGE, StandInLogs

from scienceops.adapters.aws.log_streams import LEFT_OUT, MOST_CALLS, read_end, read_stream

#: What is read from the beginning.
MOST = MOST_CALLS * PAGE


class Logs:
    """A client of the stand-in."""

    def __init__(self, lines: int) -> None:
        self._behind = StandInLogs()
        self.calls = 0
        for number in range(lines):
            self._behind.append("group", "stream", f"line {number}")

    def get_log_events(self, **asked: Any) -> dict[str, Any]:
        self.calls += 1
        return self._behind.handle("GetLogEvents", asked)


@pytest.mark.parametrize("more", [3, 10 * PAGE])
def test_a_long_log_ends_with_its_last_lines(more: int) -> None:
    lines = read_stream(Logs(MOST + more), "group", "stream").splitlines()
    assert lines[: MOST + 1] == [*(f"line {n}" for n in range(MOST)), LEFT_OUT]
    last = min(more, PAGE)
    assert lines[MOST + 1 :] == [f"line {n}" for n in range(MOST + more - last, MOST + more)]


@pytest.mark.parametrize("lines", [1, PAGE, MOST - PAGE, MOST])
def test_a_log_that_is_read_whole_is_whole(lines: int) -> None:
    told = read_stream(Logs(lines), "group", "stream").splitlines()
    assert told == [f"line {n}" for n in range(lines)]


def test_the_end_of_a_log_takes_one_call() -> None:
    logs = Logs(3 * MOST)
    assert read_end(logs, "group", "stream", 2).splitlines() == [
        f"line {3 * MOST - 2}",
        f"line {3 * MOST - 1}",
    ]
    assert logs.calls == 1
