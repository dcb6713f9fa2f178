"""Servers: how one is started on a port of its own, asked, and ended."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from benchmarks.scoring.load import ask

START_SECONDS = 180

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


@dataclass
class Running:
    """A server that answers. start_seconds: from its start to its first answer."""

    server: Server
    port: int
    pid: int
    start_seconds: float


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
    began = time.perf_counter()
    process = subprocess.Popen(
        words,
        env={**clean, **more},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while True:
            with suppress(OSError):
                ask(port, server.request([row]))
                break
            assert process.poll() is None, f"{server.name} ended: {words}"
            assert time.perf_counter() < began + START_SECONDS, f"{server.name} does not answer"
            time.sleep(0.005)
        yield Running(server, port, process.pid, time.perf_counter() - began)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
