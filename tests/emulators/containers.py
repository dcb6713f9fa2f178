"""Stand-in for what runs containers: a container is a process of this machine.

It gets the command, arguments and environment that were asked for and none of the tests' own, is
started again when it ends, and has a port of its own, as a container has an address.
"""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ports import free_ports

RESTART_SECONDS = 0.2
#: Who is there and does not answer is busy; who is not there refuses at once.
PROBE_SECONDS = 30
#: After so many ends it is left as it is; the real thing waits longer and longer.
MOST_RESTARTS = 3


@dataclass(frozen=True)
class Image:
    """What an image says of itself: its entry point and environment."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


#: From the reference of an image to what is in it.
Pull = Callable[[str], Image]


class Container:
    """One container, started when it is made.

    restart: whether it is started again when it ends.
    """

    def __init__(
        self,
        folder: Path,
        image: Image,
        *,
        command: Sequence[str] = (),
        environment: Mapping[str, str],
        restart: bool,
    ) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._command = [sys.executable if w == "python" else w for w in command or image.command]
        [self.port] = free_ports(1)
        kept = {
            name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ
        }
        self._environment = {
            **kept,
            **image.environment,
            **environment,
            "HOME": str(folder),
            "SCIENCEOPS_HOME": str(folder / "home"),
            "SCORER_BIND": f"127.0.0.1:{self.port}",
            "SCORER_SPOOL": str(folder / "spool"),
        }
        (folder / "spool").mkdir()
        self.restarts = 0
        self.exit_code: int | None = None
        self._restart = restart
        self._stopping = False
        # Between the end of one process and the next start there is none that a signal would reach.
        self._changing = threading.Lock()
        self._process = self._start()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    @property
    def log(self) -> str:
        """What it has written."""
        return (self._folder / "log").read_text()

    @property
    def is_running(self) -> bool:
        """Whether a process of it lives, or will be started again."""
        return self._watcher.is_alive()

    def answers(self, path: str) -> bool:
        """Whether an HTTP probe of it succeeds."""
        try:
            url = f"http://127.0.0.1:{self.port}{path}"
            with urllib.request.urlopen(url, timeout=PROBE_SECONDS) as reply:
                return reply.status < 400
        except (OSError, urllib.error.URLError):
            return False

    def stop(self, grace_seconds: float) -> None:
        """SIGTERM now, SIGKILL later; returns at once."""
        with self._changing:
            self._stopping = True
        self._signal(signal.SIGTERM)
        threading.Thread(target=self._see_out, args=(grace_seconds,), daemon=True).start()

    def wait(self, seconds: float) -> None:
        """Return when it has ended, or after so long."""
        self._watcher.join(seconds)

    def _see_out(self, grace_seconds: float) -> None:
        self._watcher.join(grace_seconds)
        if self._watcher.is_alive():
            self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return

    def _start(self) -> "subprocess.Popen[bytes]":
        with (self._folder / "log").open("ab") as out:
            return subprocess.Popen(
                self._command,
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def _watch(self) -> None:
        while True:
            self.exit_code = self._process.wait()
            if not self._restart or self._stopping:
                return
            self.restarts += 1
            if self.restarts >= MOST_RESTARTS:
                return
            time.sleep(RESTART_SECONDS)
            with self._changing:
                if self._stopping:
                    return
                self._process = self._start()
