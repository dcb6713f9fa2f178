"""The scorer's server: dead workers are replaced, orphans end, a socket is for one user."""

import contextlib
import os
import signal
import socket
import stat
from pathlib import Path

import pytest
from containers.broken_packages import with_script
from models import iris_rows
from platform_process import wait_for
from scorer_process import KEY, Scorer


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found += map(int, (task / "children").read_text().split())
    return found


def server_of(scorer: Scorer) -> int:
    """The process that keeps the workers."""
    assert scorer.process is not None
    serving = [
        pid
        for pid in children(scorer.process.pid)
        if b"scorer_container.serve" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    (found,) = serving
    return found


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_worker_that_is_killed_is_replaced(tmp_path, package):
    scorer = Scorer(tmp_path, package, workers=2).start()
    server = server_of(scorer)
    before = wait_for(lambda: len(children(server)) == 2 and children(server), 20, "two workers")
    os.kill(before[0], signal.SIGKILL)
    after = wait_for(
        lambda: len(children(server)) == 2 and before[0] not in children(server), 20, "another"
    )
    assert after

    def answers():
        with contextlib.suppress(OSError):
            return scorer.score(iris_rows()[:1])[0] == 200

    wait_for(answers, 20, "an answer")
    assert scorer.stop() == 0


def test_workers_end_when_the_server_is_killed(tmp_path, package):
    scorer = Scorer(tmp_path, package, workers=2).start()
    server = server_of(scorer)
    workers = wait_for(lambda: len(children(server)) == 2 and children(server), 20, "two workers")
    os.kill(server, signal.SIGKILL)
    wait_for(lambda: all(map(is_gone, workers)), 40, "the end of the workers")
    process = scorer.process
    assert process is not None
    wait_for(lambda: process.poll() is not None, 40, "the end of the scorer")
    assert scorer.stop() == 1


WAITS = """
from pathlib import Path

def init():
    place = Path({place!r})
    (place / "loading").touch()
    open(place / "gate").read()

def run(input_df):
    return [0] * len(input_df)
"""


@pytest.fixture
def loading(tmp_path, package):
    """A scorer whose worker waits at a gate while it loads its model."""
    os.mkfifo(tmp_path / "gate")
    path = with_script(package, WAITS.format(place=str(tmp_path)), tmp_path / "waits.zip")
    scorer = Scorer(tmp_path, path)
    scorer._is_ready = (tmp_path / "loading").exists
    scorer.start()
    yield scorer
    for pid in children(scorer.process.pid) if scorer.process.poll() is None else ():
        # It may be ending by itself.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    scorer.stop()


def test_a_stop_while_the_model_is_loaded_does_not_wait_for_it(loading):
    loading.process.send_signal(signal.SIGTERM)
    # Sooner than the time that answers under way are given.
    wait_for(lambda: loading.process.poll() is not None, 20, "the end of the scorer")


def test_a_worker_ends_with_its_server_while_the_model_is_loaded(loading):
    server = server_of(loading)
    (worker,) = children(server)
    os.kill(server, signal.SIGKILL)
    wait_for(lambda: is_gone(worker), 20, "the end of the worker")


def test_a_socket_is_for_this_user_alone_and_may_have_been_left_by_another(tmp_path, package):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    scorer = Scorer(tmp_path, package, SCORER_BIND=f"unix:{path}")
    asked = b"GET /readyz HTTP/1.1\r\nHost: scorer\r\nConnection: close\r\n\r\n"

    def ready():
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
            line.connect(str(path))
            line.sendall(asked)
            return b"200 OK" in line.recv(100)

    scorer._is_ready = ready
    scorer.start()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert scorer.stop() == 0
    assert not path.exists()


def test_a_body_that_comes_slowly_does_not_keep_others_waiting(tmp_path, package):
    scorer = Scorer(tmp_path, package).start()
    with socket.create_connection(("127.0.0.1", scorer.port)) as slow:
        slow.sendall(
            f"POST /score HTTP/1.1\r\nHost: s\r\nAuthorization: Bearer {KEY}\r\n"
            "Content-Length: 1000\r\n\r\n{".encode()
        )
        assert [scorer.score(iris_rows()[:1])[0] for _ in range(5)] == [200] * 5
    assert scorer.stop() == 0


def test_a_stop_right_after_the_first_answers_ships_their_captures(tmp_path, package):
    # The shipping process may be importing still.
    for number in range(5):
        folder = tmp_path / str(number)
        folder.mkdir()
        scorer = Scorer(folder, package).start()
        _, answer = scorer.score(iris_rows()[:1])
        assert scorer.stop() == 0, scorer.log.read_text()
        assert [row["request_id"] for row in scorer.captured()] == [answer["request_id"]]
