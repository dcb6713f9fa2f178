"""Host: start and stop the platform that the demo runs on."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scienceops.cli.session import running
from scienceops.demo.phases import Phases
from scienceops.doctor.home import PORT, check_port
from scienceops.errors import ScienceOpsError

STOP_SECONDS = 60


@contextmanager
def started(home: Path, port: int | None, phases: Phases) -> Iterator[subprocess.Popen[bytes]]:
    """The host on this home, stopped at the end; its port is one that `choose_port` takes."""
    with phases.phase("start", "Starting the platform"):
        host = _start(home, choose_port(port))
    try:
        yield host
    finally:
        if host.poll() is None:
            host.send_signal(signal.SIGTERM)
            host.wait(STOP_SECONDS)


def choose_port(asked: int | None) -> int:
    """The port asked for; any that is free for 0, and for None when the usual one is taken."""
    if asked is None and check_port(PORT).state == "ok":
        return PORT
    return asked or _any_port()


def _start(home: Path, port: int) -> subprocess.Popen[bytes]:
    log = home / "up.log"
    with log.open("wb") as out:
        host = subprocess.Popen(
            [sys.executable, "-P", "-m", "functions.local.host", "--port", str(port)],
            stdout=out,
            stderr=out,
            start_new_session=True,
            env=os.environ,
        )
    while "url" not in (facts := running(home)) or facts["pid"] != host.pid:
        if host.poll() is not None:
            last_line = log.read_text().strip().splitlines()[-1]
            raise ScienceOpsError(last_line.removeprefix("scienceops: "))
        time.sleep(0.05)
    return host


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
