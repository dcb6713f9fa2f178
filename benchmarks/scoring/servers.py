"""Servers: how one is started on a port of its own, asked, and ended."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, Any

from benchmarks.scoring.load import ask

START_SECONDS = 180
_TOLD_BYTES = 200

#: The rows of a call -> the bytes of its request.
Request = Callable[[list[dict[str, Any]]], bytes]


@dataclass(frozen=True)
class Server:
    """One way of serving a model.

    command: given the port, what to run. settings: of its environment. labels: the predictions out
    of an answer, None where there are none. settle_seconds: after which what a load left behind is
    done, too. environment: the Python whose packages it runs on.
    forms: other forms of a call. note: how it is run, in words.
    """

    name: str
    command: Callable[[int], list[str]]
    request: Request
    labels: Callable[[Any], list[Any] | None]
    environment: str
    settings: Mapping[str, str] = field(default_factory=dict)
    settle_seconds: float = 0.0
    forms: Mapping[str, Request] = field(default_factory=dict)
    note: str = "one worker"


class NotServed(Exception):
    """A server that ends, or does not answer."""


@dataclass
class Running:
    """A server that answers. start_seconds: from its start to its first answer."""

    server: Server
    port: int
    pid: int
    start_seconds: float


def in_words(workers: int) -> str:
    """How many workers."""
    return "one worker" if workers == 1 else f"{workers} workers"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(server: Server, row: dict[str, Any]) -> Iterator[Running]:
    """The server, started and ended with all that came of it."""
    port = free_port()
    words = server.command(port)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SCIENCEOPS_", "SCORER_"))}
    # The peers get what they do best with: a thread for each call, not for each core.
    clean |= {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
    more = {name: value.format(port=port) for name, value in server.settings.items()}
    with tempfile.TemporaryFile() as log:
        began = time.perf_counter()
        with _group(words, {**clean, **more}, log) as process:
            while True:
                try:
                    ask(port, server.request([row]))
                    break
                except OSError as error:
                    last = error
                ended = process.poll() is not None
                if ended or time.perf_counter() > began + START_SECONDS:
                    what = "ended" if ended else f"gave no answer within {START_SECONDS} s"
                    said = f"{last}; on stderr: {_last_words(log)}"
                    raise NotServed(f"{what}: {' '.join(words)}: {said}")
                time.sleep(0.005)
            yield Running(server, port, process.pid, time.perf_counter() - began)


@contextmanager
def _group(
    words: list[str], env: dict[str, str], log: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that leads a group, which is ended with it."""
    process = subprocess.Popen(
        words,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=log,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        # One that ended by itself may have left no group.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _last_words(log: IO[bytes]) -> str:
    size = log.seek(0, os.SEEK_END)
    log.seek(max(0, size - _TOLD_BYTES))
    return log.read().decode("utf-8", "replace").strip() or "nothing"
