"""The scorer's own HTTP server: odd talks, drawn at random, get what they should get."""

import contextlib
import time
from pathlib import Path

import pytest
from http_fuzz import check, fuzz
from http_server import children, request, served
from platform_process import wait_for

SECONDS = 4.0
SEED = 1


def test_odd_talks_are_answered_in_full_and_leave_nothing_behind():
    # How long a client may rest after the last answer is not tested here, and all of these may.
    with served(workers=2, linger_seconds=60) as server:
        workers = wait_for(lambda: two(children(server.process.pid)), 5, "two workers")
        server.talk(request("POST", "/slow", b"first", Connection="close"))
        until = time.monotonic() + SECONDS
        assert fuzz(server, SEED, lambda: time.monotonic() < until) == []
        told = server.talk(request("POST", "/slow", b"clean", Connection="close"))
        assert told.endswith(b"/slow:clean")
        wait_for(
            lambda: all(lines_of(pid) == 1 for pid in workers), 20, "that all lines are closed"
        )
        assert children(server.process.pid) == workers
    for trouble in ("was not read", "Exception in callback", "Fatal error"):
        assert trouble not in server.said


def two(found: list[int]) -> list[int]:
    return found if len(found) == 2 else []


def lines_of(pid: int) -> int:
    """How many TCP sockets a process has open, the one that listens among them."""
    inodes = set()
    for path in Path(f"/proc/{pid}/fd").iterdir():
        # One that was listed may be closed by now.
        with contextlib.suppress(FileNotFoundError):
            inodes.add(str(path.readlink()))
    table = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    return sum(f"socket:[{line.split()[9]}]" in inodes for line in table)


@pytest.mark.parametrize(
    "got",
    [
        b"",
        b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nb",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\na",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\naHTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
def test_an_answer_that_is_not_the_one_that_was_wanted_is_noticed(got):
    with pytest.raises(AssertionError):
        check(got, [(200, "POST", b"a")])
