"""The scorer's own HTTP server: how connections end, early, late, twice, and by whose hand."""

import contextlib
import os
import re
import signal
import socket
import struct
import time
from pathlib import Path

import pytest
from http_server import (
    CLOSE,
    LIMIT,
    HttpServer,
    answer,
    children,
    everything,
    is_refused,
    request,
    served,
)
from platform_process import wait_for


def bodies(told: bytes) -> list[bytes]:
    return [part.partition(b"\r\n\r\n")[2] for part in told.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize("path", ["/quick", "/slow"])
def test_all_that_a_client_asked_is_answered_though_it_sends_no_more(server, path):
    with server.line() as line:
        line.sendall(b"".join(request("POST", f"{path}/{n}", b"%d" % n) for n in range(4)))
        line.shutdown(socket.SHUT_WR)
        told = everything(line)
    assert [body[-1:] for body in bodies(told)] == [b"0", b"1", b"2", b"3"]


@pytest.mark.parametrize("path", ["/quick", "/slow"])
@pytest.mark.parametrize("more", [request("GET", "/quick"), b"what is this\r\n\r\n", b"\r\n"])
def test_nothing_is_answered_after_the_request_that_is_the_last(server, path, more):
    told = server.talk(request("POST", path, b"last", **CLOSE) + more)
    assert told.count(b"HTTP/1.1 ") == 1
    assert told.endswith(b"last")


def test_who_sends_on_after_the_last_answer_still_gets_to_read_it(server):
    with server.line() as line:
        line.sendall(b"GET /slow HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        for _ in range(100):
            line.sendall(request("POST", "/slow", b"x" * 50_000))
        told = everything(line)
    assert bodies(told) == [b"/slow:"]


@pytest.mark.parametrize(
    ("size", "status"), [(LIMIT + 1, b"413"), (LIMIT, b"408")], ids=["too large", "too slow"]
)
def test_one_that_sends_on_after_a_refusal_stops_no_look_at_others(size, status):
    patient = {"look_seconds": 0.05, "quiet_looks": 60, "linger_seconds": 60}
    with served(**patient) as server, server.line() as line:
        line.sendall(request("POST", "/slow", Content_Length=str(size)))
        told = b""
        line.setblocking(False)
        until = time.monotonic() + 3  # Longer than what one request may take to come.
        while time.monotonic() < until:
            with contextlib.suppress(BlockingIOError):
                told += line.recv(1000)
            with contextlib.suppress(ConnectionError):
                line.send(b"x")
            time.sleep(0.02)  # A client that sends on and on, slowly.
        assert told.startswith(b"HTTP/1.1 " + status)
        assert told.count(b"HTTP/1.1 ") == 1
        # One that says nothing is still let go.
        with server.line() as idle:
            assert everything(idle) == b""


def test_one_that_goes_on_and_on_after_a_refusal_does_not_hold_up_the_end():
    server = HttpServer().up()
    with server.line() as line:
        line.sendall(request("POST", "/slow", Content_Length=str(LIMIT + 1)))
        assert answer(line)[0].startswith(b"HTTP/1.1 413")
        began = time.monotonic()
        assert server.stop() == 0
        # Less than what answers under way are given.
        assert time.monotonic() < began + 15


def test_who_sends_too_many_ahead_is_refused_after_the_answers_to_the_first(server):
    told = server.talk(request("POST", "/slow", b"a") + b"GET /quick HTTP/1.1\r\n\r\n" * 3000)
    assert told.count(b"HTTP/1.1 200 OK") == 1001
    assert told.count(b"HTTP/1.1 429 ") == 1
    assert b"send fewer ahead" in told[-200:]


@pytest.mark.parametrize("trailer", [b"X: " + b"a" * 900_000, b"X: a\r\n" * 150_000])
def test_trailers_without_end_are_refused(server, trailer):
    head = request("POST", "/quick", Transfer_Encoding="chunked")
    told = server.talk(head + b"1\r\na\r\n0\r\n", trailer)
    assert told.startswith(b"HTTP/1.1 431 "), told[:100]


def test_a_coding_that_is_not_known_is_refused(server):
    told = server.talk(
        request("POST", "/quick", Transfer_Encoding="gzip, chunked") + b"1\r\na\r\n0\r\n\r\n"
    )
    assert told.startswith(b"HTTP/1.1 501 "), told[:100]


def test_leave_to_send_is_given_once_it_is_the_turn_of_the_one_that_waits(server):
    head = request("POST", "/quick", Expect="100-continue", Content_Length="4")
    with server.line() as line:
        line.sendall(request("GET", "/slow") + head)
        told = b""
        while not told.endswith(b"HTTP/1.1 100 Continue\r\n\r\n"):
            told += line.recv(1) or pytest.fail(f"no leave was given: {told!r}")
        assert bodies(told) == [b"/slow:", b""]
        line.sendall(b"body")
        assert answer(line)[1] == b"body"


@pytest.mark.parametrize(
    "expecting",
    [b"POST /slow HTTP/1.0\r\nExpect: 100-continue", b"POST /slow HTTP/1.1\r\nExpect: a-miracle"],
)
def test_leave_to_send_is_for_those_that_know_of_it(server, expecting):
    told = server.talk(expecting + b"\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody")
    assert told.startswith(b"HTTP/1.1 200 OK")


def test_who_offers_another_protocol_and_says_that_it_leaves_is_let_go(server):
    offer = {"Connection": "close, Upgrade", "Upgrade": "h2c"}
    assert server.talk(request("POST", "/quick", b"body", **offer)).endswith(b"body")
    old = b"GET /quick HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    assert b"connection: close" in server.talk(old)


def test_any_number_of_offers_sent_ahead_are_passed_over(server):
    offer = {"Connection": "Upgrade", "Upgrade": "h2c"}
    asked = b"".join(request("POST", "/quick", b"%04d" % n, **offer) for n in range(2000))
    told = server.talk(asked + request("POST", "/quick", b"last", **CLOSE))
    assert bodies(told) == [*(b"%04d" % n for n in range(2000)), b"last"]


def test_a_body_in_tiny_chunks_takes_little_more_than_itself():
    size = 4_000_000
    with served(ODD_LIMIT=str(size)) as server:
        (worker,) = children(server.process.pid)
        before = peak_bytes(worker)
        head = request("POST", "/slow", Transfer_Encoding="chunked", **CLOSE)
        told = server.talk(head, b"2\r\nab\r\n" * (size // 2), b"0\r\n\r\n")
        assert told.endswith(b"ab" * 100)
        assert peak_bytes(worker) < before + 10 * size


def peak_bytes(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def test_what_a_client_asked_that_has_gone_is_not_done():
    with served() as server:
        waiting = [server.line() for _ in range(2)]
        for line in waiting:
            line.sendall(request("GET", "/gate"))
        for _ in range(5):
            with server.line() as line:
                line.sendall(request("GET", "/count"))
                server.talk(request("GET", "/quick", **CLOSE))  # It has been read.
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        server.talk(request("GET", "/open", **CLOSE))
        for line in waiting:
            answer(line)
            line.close()
        assert server.talk(request("GET", "/count", **CLOSE)).endswith(b"/count:1")


def test_what_was_sent_ahead_before_the_end_is_answered():
    server = HttpServer().up()
    with server.line() as line, server.line() as opens:
        line.sendall(request("GET", "/gate") + request("GET", "/slow") + request("GET", "/quick/x"))
        opens.sendall(b"GET /open HTTP/1.1\r\n")
        server.talk(request("GET", "/quick", **CLOSE))  # They have been read.
        server.process.send_signal(signal.SIGTERM)
        wait_for(lambda: is_refused(server), 10, "that nobody else is taken")
        opens.sendall(b"\r\n")
        told = everything(line)
    assert bodies(told) == [b"/gate:", b"/slow:", b""]
    assert told.count(b"connection: close") == 1
    assert server.ended() == 0


def test_what_was_sent_before_the_end_is_answered_though_it_was_not_read_yet():
    server = HttpServer().up()
    (worker,) = children(server.process.pid)
    lines = [server.line() for _ in range(20)]
    for line in lines:
        line.sendall(request("GET", "/quick"))
        answer(line)
    with stopped(worker):
        for line in lines:
            line.sendall(request("POST", "/slow", b"late"))
        server.process.send_signal(signal.SIGTERM)
        wait_for(lambda: is_pending(worker, signal.SIGTERM), 5, "the signal")
    for line in lines:
        assert everything(line).endswith(b"/slow:late")
        line.close()
    assert server.ended() == 0


@contextlib.contextmanager
def stopped(pid: int):
    """A process that does nothing."""
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: "State:\tT" in Path(f"/proc/{pid}/status").read_text(), 5, "its stop")
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def is_pending(pid: int, number: int) -> bool:
    found = re.search(r"ShdPnd:\s+(\w+)", Path(f"/proc/{pid}/status").read_text())
    assert found
    return bool(int(found[1], 16) >> (number - 1) & 1)


def test_a_worker_that_is_told_to_end_while_it_starts_ends():
    # It is replaced, and told so again.
    assert HttpServer(ODD="is told to end").ended() == 1
