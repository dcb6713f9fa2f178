"""A web server of this machine: a child process, kept running while its host does."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from functions.local.port import HOST, Stopped, answers, wait_for_port
from scienceops.adapters.local.log_files import tail_of
from scienceops.errors import ScienceOpsError

log = logging.getLogger(__name__)

START_SECONDS = 30
_LOOK_SECONDS = 0.05


class WebServer:
    """Runs a web server as a child, starts it again when it dies, ends it when told to.

    module: the program, which takes the address to serve at and then `words`.
    stop: set once the host is told to stop; whatever waits then raises Stopped.
    remedy: what to do when the port is taken. https: whether it speaks TLS.
    """

    def __init__(
        self,
        module: str,
        port: int,
        log_path: Path,
        words: Sequence[str] = (),
        *,
        stop: threading.Event,
        remedy: str,
        https: bool = False,
    ) -> None:
        self._module = module
        self._command = [sys.executable, "-P", "-m", module, f"{HOST}:{port}", *words]
        self._port = port
        self._log_path = log_path
        self._stop = stop
        self._https = https
        self._process: subprocess.Popen[bytes] | None = None
        wait_for_port(port, remedy, stop)

    def start(self) -> None:
        """Start the server and wait until it answers; raises ScienceOpsError when it does not."""
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        with self._log_path.open("ab") as out:
            began_at = out.tell()
            # Its standard input is a pipe that closes when this process dies, however it dies.
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        end = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < end:
            if answers(self._port, https=self._https):
                return
            if self._stop.wait(_LOOK_SECONDS):
                raise Stopped
        code = self._process.poll()
        how = f"does not answer after {START_SECONDS} s" if code is None else f"ended with {code}"
        raise ScienceOpsError(
            f"the web server {self._module} on port {self._port} {how}; its last words are "
            f"{_last_words(self._log_path, began_at)!r}, and the rest is in {self._log_path}"
        )

    def keep(self) -> None:
        """Start the server again if it has died; raises as `start` does."""
        if self._process is not None and self._process.poll() is not None:
            told = {"port": self._port, "exit_code": self._process.returncode}
            log.warning("web server restarted", extra=told)
            self.start()

    def stop(self) -> None:
        """Let it answer what it has accepted, then end it."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _last_words(path: Path, since: int) -> str:
    """The last line of a log that is not the server's own account of its ending."""
    lines = [line.strip() for line in tail_of(path, since=since) if line.strip()]
    # gunicorn's lines begin with their time; what the app raised stands between them.
    told = [line for line in lines if not line.startswith("[")] or lines
    return told[-1] if told else "none"
