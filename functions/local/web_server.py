"""A web server of this machine: a child process, kept running while its host does."""

import contextlib
import errno
import logging
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from scienceops.adapters.local.log_files import tail_of
from scienceops.errors import BadSetting, ScienceOpsError

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
START_SECONDS = 30
#: The server of a host that was killed frees its port a moment after it.
PORT_SECONDS = 10

_LOOK_SECONDS = 0.05
_ASK = f"GET /healthz HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode()


class Stopped(Exception):
    """The host was told to stop while it waited for a server."""


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
        _wait_for_port(port, remedy, stop)

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
                env=os.environ,
            )
        end = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < end:
            if self._answers():
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

    def _answers(self) -> bool:
        """Whether an answer of any kind comes: a port is open before the app behind it is there."""
        with contextlib.suppress(OSError), contextlib.ExitStack() as opened:
            wire: socket.socket = opened.enter_context(
                socket.create_connection((HOST, self._port), timeout=1)
            )
            if self._https:
                # Who may be trusted is for callers to say; here only whether it speaks.
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                wire = opened.enter_context(context.wrap_socket(wire))
            wire.sendall(_ASK)
            return bool(wire.recv(1))
        return False


def _last_words(path: Path, since: int) -> str:
    """The last line of a log that is not the server's own account of its ending."""
    lines = [line.strip() for line in tail_of(path, since=since) if line.strip()]
    # gunicorn's lines begin with their time; what the app raised stands between them.
    told = [line for line in lines if not line.startswith("[")] or lines
    return told[-1] if told else "none"


def _wait_for_port(port: int, remedy: str, stop: threading.Event) -> None:
    end = time.monotonic() + PORT_SECONDS
    told = False
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
                if not told:
                    sys.stderr.write(
                        f"port {port} on {HOST} is in use: waiting up to {PORT_SECONDS} s "
                        "for a server that is about to end\n"
                    )
                    sys.stderr.flush()
                    told = True
            else:
                return
        if stop.wait(0.1):
            raise Stopped
