"""A web server of this machine: a child process, kept running while its host does."""

import errno
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from scienceops.errors import BadSetting

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
START_SECONDS = 30
#: The server of a host that was killed frees its port a moment after it.
PORT_SECONDS = 10


class WebServer:
    """Runs a web server as a child, starts it again when it dies, ends it when told to.

    module: the program, which takes the address to serve at and then `words`.
    remedy: what to do when the port is taken.
    """

    def __init__(
        self, module: str, port: int, log_path: Path, words: Sequence[str] = (), *, remedy: str
    ) -> None:
        self._command = [sys.executable, "-m", module, f"{HOST}:{port}", *words]
        self._port = port
        self._log_path = log_path
        self._process: subprocess.Popen[bytes] | None = None
        _wait_for_port(port, remedy)

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        with self._log_path.open("ab") as out:
            # Its standard input is a pipe that closes when this process dies, however it dies.
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                start_new_session=True,
                env=os.environ,
            )
        end = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < end:
            try:
                socket.create_connection((HOST, self._port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise BadSetting(f"the web server did not start; its log is {self._log_path}")

    def keep(self) -> None:
        """Start the server again if it has died."""
        if self._process is not None and self._process.poll() is not None:
            log.warning(
                "web server restarted",
                extra={"port": self._port, "exit_code": self._process.returncode},
            )
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


def _wait_for_port(port: int, remedy: str) -> None:
    end = time.monotonic() + PORT_SECONDS
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                # Only what is in use now may be free soon.
                if error.errno != errno.EADDRINUSE or time.monotonic() > end:
                    raise BadSetting(
                        f"port {port} on {HOST} cannot be used ({error.strerror}): {remedy}"
                    ) from None
            else:
                return
        time.sleep(0.1)
