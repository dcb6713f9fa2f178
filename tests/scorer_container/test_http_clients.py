"""The scorer's own HTTP server: clients that are slow, deaf, silent, gone or many."""

import contextlib
import os
import resource
import signal
import socket
import time

import pytest
from contract.waiting import PATIENCE
from http_server import (
    BIG,
    CLOSE,
    answer,
    children,
    everything,
    request,
    served,
)
from platform_process import wait_for


def test_a_client_that_sends_no_more_still_gets_its_answer(server):
    with server.line() as line:
        line.sendall(request("POST", "/slow", b"body"))
        line.shutdown(socket.SHUT_WR)
        assert everything(line).endswith(b"/slow:body")


def test_a_client_that_does_not_read_keeps_nobody_waiting(server):
    with server.line() as deaf:
        deaf.sendall(request("GET", "/big") * 4 + request("GET", "/big", **CLOSE))
        assert deaf.recv(1, socket.MSG_PEEK), "an answer, of which the kernel takes a part"
        for _ in range(3):
            assert server.talk(request("POST", "/slow", b"b", **CLOSE)).endswith(b":b")
        assert everything(deaf).count(b"x" * 1000) == 5 * BIG // 1000


def test_a_client_that_leaves_while_it_is_answered_is_forgotten():
    with served() as server:
        for _ in range(4):
            with server.line() as line:
                line.sendall(request("GET", "/gate"))
        # Both threads wait for them, and then are free again.
        server.talk(request("GET", "/open", **CLOSE))
        assert server.talk(request("POST", "/slow", b"b", **CLOSE)).endswith(b":b")


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (b"", b""),
        (b"GET /quick HTTP/1.1\r\nHost", b""),
        (request("POST", "/quick", Content_Length="9") + b"half", b""),
    ],
)
def test_a_client_that_says_nothing_is_let_go(sent, says):
    with served(look_seconds=0.1) as server, server.line() as line:
        line.sendall(sent)
        assert everything(line) == says


def test_a_request_that_comes_too_slowly_is_refused():
    # This client may be held up, and is then not quiet, but slow.
    patient = {"look_seconds": 0.05, "quiet_looks": 10**6, "linger_seconds": 60}
    with served(**patient) as server, server.line() as line:
        line.setblocking(False)
        line.send(request("POST", "/quick", Content_Length="99999"))
        told = b""
        end = time.monotonic() + 20 * PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(BlockingIOError):
                told += line.recv(1000)
            if told:
                break
            line.send(b"x")
            time.sleep(0.02)  # A client that goes on, slowly.
        assert told.startswith(b"HTTP/1.1 408 ")


def test_a_slow_reader_and_a_slow_answer_are_not_let_go():
    # A client may be quiet for three seconds.
    with served(look_seconds=0.5) as server, server.line() as line, server.line() as waits:
        waits.sendall(request("GET", "/gate"))
        line.sendall(request("GET", "/big") * 3 + request("GET", "/big", **CLOSE))
        told, until = b"", time.monotonic() + 4
        while time.monotonic() < until:
            time.sleep(0.05)  # Slower than what a quiet client is allowed, in all.
            told += line.recv(100_000)
        told += everything(line)
        assert told.count(b"x" * 1000) == 4 * BIG // 1000
        server.talk(request("GET", "/open", **CLOSE))
        assert answer(waits)[1] == b"/gate:"


def test_clients_that_come_at_once_are_shared_among_the_workers():
    with served(workers=2) as server:
        pids = set()

        def shared():
            lines = [server.line() for _ in range(8)]
            for line in lines:
                line.sendall(request("GET", "/pid"))
            pids.update(answer(line)[1] for line in lines)
            for line in lines:
                line.close()
            return len(pids) == 2

        # One of them may not be there yet when the other answers.
        wait_for(shared, 10, "answers of both")


def test_many_that_ask_at_once_get_each_their_own_answer():
    with served() as server:
        (worker,) = wait_for(lambda: children(server.process.pid), 5, "the worker")
        asked = {}
        for number in range(80):
            path = ("/quick", "/quick", "/quick/raise", "/slow")[number % 4]
            # More of them, and more bytes, than are answered at a time.
            body = b"%d," % number * (1 + number * 97)
            asked[server.line()] = (path, body)
        os.kill(worker, signal.SIGSTOP)
        for line, (path, body) in asked.items():
            line.sendall(request("POST", path, body))
        os.kill(worker, signal.SIGCONT)
        for line, (path, body) in asked.items():
            head, told = answer(line)
            if path == "/quick/raise":
                assert head.startswith(b"HTTP/1.1 500 ")
            else:
                assert told == (body if path == "/quick" else b"/slow:" + body)
            line.close()


def test_clients_wait_while_no_file_descriptor_is_left():
    with served() as server:
        (worker,) = wait_for(lambda: children(server.process.pid), 5, "the worker")
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (40, 40))
        lines = [server.line() for _ in range(60)]
        first, last = lines[0], lines[-1]
        first.sendall(request("POST", "/quick", b"first"))
        assert answer(first)[1] == b"first"
        last.sendall(request("POST", "/quick", b"last"))
        for line in lines[:-1]:
            line.close()
        assert answer(last)[1] == b"last"
        last.close()
