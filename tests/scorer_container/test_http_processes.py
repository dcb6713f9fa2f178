"""The scorer's own HTTP server: how its processes end, with each other and beside others."""

import contextlib
import socket
from pathlib import Path

from http_server import CLOSE, HttpServer, children, everything, request
from platform_process import wait_for


def test_a_server_that_cannot_start_a_worker_ends_the_others():
    server = HttpServer(ODD="cannot be forked", workers=2)
    assert server.ended() == 1
    assert "no processes left" in server.said


def test_a_worker_without_its_server_ends_though_an_answer_hangs():
    server = HttpServer(graceful_seconds=1.0).up()
    (worker,) = children(server.process.pid)
    with server.line() as line:
        line.sendall(request("GET", "/gate"))
        server.talk(request("GET", "/quick", **CLOSE))
        server.process.kill()
        server.ended()
        wait_for(lambda: not Path(f"/proc/{worker}/exe").exists(), 10, "the end of the worker")


def test_a_socket_that_another_server_has_made_meanwhile_is_left_to_it(tmp_path):
    bind = f"unix:{tmp_path / 's'}"
    first = HttpServer(bind=bind)
    wait_for(lambda: first.process.poll() is None and knows(bind), 20, "the first server")
    place = tmp_path / "s"
    made = place.stat().st_ino
    second = HttpServer(bind=bind)
    wait_for(lambda: place.exists() and place.stat().st_ino != made, 20, "the second server")
    assert first.stop() == 0
    wait_for(lambda: knows(bind), 20, "an answer of the second")
    assert second.stop() == 0
    assert not place.exists()


def knows(bind: str) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
        line.connect(bind.removeprefix("unix:"))
        line.sendall(request("GET", "/quick", **CLOSE))
        return b"200 OK" in everything(line)
    return False
