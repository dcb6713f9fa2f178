"""Supervisor: keeps the workers of a scorer over one listening socket, until SIGTERM."""

import gc
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from pathlib import Path

from scorer_container.server.worker import Worker
from scorer_container.server.wsgi import Face

CANNOT_BUILD = 3
#: One that dies sooner, and has replaced another, would do so again.
LEAST_SECONDS = 5.0
_ENDS = (signal.SIGTERM, signal.SIGINT)


def serve(
    build: Callable[[], Face],
    *,
    bind: str,
    workers: int,
    threads: int,
    graceful_seconds: float = 30,
) -> int:
    """Serve until SIGTERM, then let every answer out; the exit code: 3 when `build` raised.

    build: makes the app, in each worker, after the fork, so that no thread or connection crosses
    it. bind: `HOST:PORT`, or `unix:PATH`, which only this user can open. threads: how many answers
    that are not quick a worker makes at a time. A worker that dies is replaced; one that dies again
    within seconds ends the server with exit code 1.
    """
    os.umask(0o077)
    path = Path(bind.removeprefix("unix:")) if bind.startswith("unix:") else None
    listener = _listen_at(bind, path)
    made = path.stat().st_ino if path is not None else 0
    try:
        return _Supervisor(build, listener, threads, graceful_seconds).run(workers)
    finally:
        listener.close()
        # Another may have made its own there while answers were let out.
        if path is not None and path.exists() and path.stat().st_ino == made:
            path.unlink(missing_ok=True)


def _listen_at(bind: str, path: Path | None) -> socket.socket:
    """The socket at an address; it takes nobody until a worker is ready."""
    if path is not None:
        # Left by one that was killed; whoever listens there still has it open under no name.
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        path.chmod(0o600)
        return listener
    host, _, port = bind.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host.strip("[]"), int(port)))
    return listener


class _Supervisor:
    def __init__(
        self,
        build: Callable[[], Face],
        listener: socket.socket,
        threads: int,
        graceful_seconds: float,
    ) -> None:
        self._build = build
        self._listener = listener
        self._threads = threads
        self._graceful_seconds = graceful_seconds
        #: Worker -> when it replaced another, 0 for one of the first.
        self._workers: dict[ForkProcess, float] = {}
        #: Closed by this process's end, whatever that is.
        self._held, self._life = os.pipe()
        self._told, self._tells = os.pipe()

    def run(self, workers: int) -> int:
        """Keep so many workers; the exit code."""
        # A signal may come to any thread, and only this wakes a main thread that waits.
        for end in (self._told, self._tells):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._tells, warn_on_full_buffer=False)
        for number in _ENDS:
            signal.signal(number, lambda *_: None)
        # What is loaded now is every worker's: looking through it for garbage would copy it.
        gc.freeze()
        try:
            for _ in range(workers):
                self._start(0.0)
            return self._watch()
        finally:
            self._listener.close()
            self._end_all()

    def _watch(self) -> int:
        """Replace who dies; the exit code once that is over."""
        while True:
            ready = wait([self._told, *(worker.sentinel for worker in self._workers)])
            if self._told in ready and set(os.read(self._told, 1024)) & set(_ENDS):
                return 0
            for worker in [w for w in self._workers if w.sentinel in ready]:
                worker.join()
                replaced_at = self._workers.pop(worker)
                if worker.exitcode == CANNOT_BUILD:
                    # There is no use in another try.
                    return CANNOT_BUILD
                if replaced_at and time.monotonic() < replaced_at + LEAST_SECONDS:
                    return 1
                self._start(time.monotonic())

    def _start(self, replaces_at: float) -> None:
        worker = multiprocessing.get_context("fork").Process(target=self._work, name="worker")
        # One that comes to a worker before it has its own handler must not go to this one's.
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
        try:
            worker.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)
        self._workers[worker] = replaces_at

    def _end_all(self) -> None:
        end = time.monotonic() + self._graceful_seconds
        for worker in self._workers:
            worker.terminate()
        for worker in self._workers:
            worker.join(max(0.0, end - time.monotonic()))
            if worker.is_alive():
                worker.kill()
                worker.join()

    def _work(self) -> None:
        """In the worker."""
        os.close(self._life)
        signal.set_wakeup_fd(-1)
        # While the app is built nothing is in flight, so that the process may simply end.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # A person's ^C goes to the whole group, and the supervisor tells the workers.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)
        threading.Thread(target=self._end_with_parent, daemon=True).start()
        try:
            face = self._build()
        except BaseException:  # noqa: BLE001  # Whatever it is, the exit code says it.
            traceback.print_exc()
            sys.exit(CANNOT_BUILD)
        Worker(face, self._listener, self._threads).run()

    def _end_with_parent(self) -> None:
        """Drain and end once the parent, which holds the other end of the pipe, is gone."""
        os.read(self._held, 1)
        os.kill(os.getpid(), signal.SIGTERM)
        # Nobody else ends one whose answers do not come.
        time.sleep(self._graceful_seconds)
        os.kill(os.getpid(), signal.SIGKILL)
