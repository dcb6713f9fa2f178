"""HTTP server: the scorer's own, in a process of its own, before an app made to be asked oddly."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from contract.waiting import PATIENCE
from platform_process import ROOT, wait_for
from ports import free_ports

LIMIT = 100_000
BIG = 8_000_000
#: Of a client who wants no more than one answer.
CLOSE = {"Connection": "close"}
#: Paths whose answers have a header that cannot be sent, and its value.
BROKEN = {"/breaks": "a\r\nb", "/letters": "\N{GREEK SMALL LETTER ALPHA}"}


class Odd:
    """What is quick answers in the event loop, what is not in a thread."""

    limit_bytes = int(os.environ.get("ODD_LIMIT", LIMIT))

    def __init__(self) -> None:
        if os.environ.get("ODD") == "cannot be built":
            raise ValueError("no model")
        if os.environ.get("ODD") == "dies":
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGKILL)).start()
        self._gate = threading.Event()
        self._count = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        body = environ["wsgi.input"].read()
        if path == "/gate":
            assert self._gate.wait(30 * PATIENCE)
        elif path == "/big":
            body = b"x" * BIG
        elif path == "/raise":
            raise ValueError("a fault")
        elif path == "/count":
            self._count += 1
            body = b"%d" % self._count
        elif path == "/exit":
            sys.exit("a fault")
        elif path == "/environ":
            kept = {k: v for k, v in environ.items() if isinstance(v, str)}
            body = json.dumps(kept).encode()
        elif max(len(body), int(environ["CONTENT_LENGTH"])) > self.limit_bytes:
            start_response("413 Content Too Large", [])
            return [b"too large"]
        more = [("X-Broken", BROKEN[path])] if path in BROKEN else []
        start_response("200 OK", [("Content-Type", "text/plain"), *more])
        return [path.encode(), b":", body]

    def quick(self, asked: Sequence[tuple[dict[str, Any], bytes]]) -> list[Any]:
        return [self._quick(environ["PATH_INFO"], body) for environ, body in asked]

    def _quick(self, path: str, body: bytes) -> Any:
        from scorer_container.scoring import Reply

        if path == "/quick/raise":
            return ValueError("a fault")
        if path == "/quick/raise/all":
            raise ValueError("a fault")
        if path == "/open":
            self._gate.set()
        elif path == "/pid":
            body = str(os.getpid()).encode()
        elif not path.startswith("/quick"):
            return None
        return Reply(200, "text/plain", body, {})


class HttpServer:
    """The server over the odd app; `settings` go into its environment.

    look_seconds, quiet_looks, linger_seconds: how often it looks at its clients, how many looks one
    may be quiet, and how long one that was told the last may be silent.
    """

    def __init__(
        self,
        *,
        workers: int = 1,
        look_seconds: float = 15.0,
        quiet_looks: int = 5,
        linger_seconds: float = 2.0,
        graceful_seconds: float = 30.0,
        bind: str = "",
        **settings: str,
    ) -> None:
        self.port = free_ports(1)[0]
        paths = (ROOT / "shared", ROOT, Path(__file__).parent)
        # A pipe that nobody reads would hold up one that has much to say.
        self._stderr = TemporaryFile()  # noqa: SIM115  # Closed once it is read.
        self.process = subprocess.Popen(
            [
                sys.executable,
                __file__,
                bind or f"127.0.0.1:{self.port}",
                *map(str, (workers, look_seconds, quiet_looks, linger_seconds, graceful_seconds)),
            ],
            env={**os.environ, **settings, "PYTHONPATH": os.pathsep.join(map(str, paths))},
            stderr=self._stderr,
        )

    def up(self) -> "HttpServer":
        """Wait until it answers."""
        wait_for(self._answers, 20, "the server")
        return self

    def line(self) -> socket.socket:
        """A connection."""
        return socket.create_connection(("127.0.0.1", self.port), 20 * PATIENCE)

    def talk(self, *pieces: bytes) -> bytes:
        """All that comes back to these bytes, until the server closes."""
        with self.line() as line:
            for piece in pieces:
                line.sendall(piece)
            return everything(line)

    def stop(self) -> int:
        """End it; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> int:
        """Its exit code, once it has ended."""
        self.process.wait(40 * PATIENCE)
        self._stderr.seek(0)
        with self._stderr:
            self.said = self._stderr.read().decode()
        return self.process.returncode

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return b"200 OK" in self.talk(request("GET", "/quick", Connection="close"))
        return False


@contextlib.contextmanager
def served(**settings: Any) -> Iterator[HttpServer]:
    """A server that answers, and ends as one should."""
    server = HttpServer(**settings).up()
    try:
        yield server
    finally:
        code = server.stop()
    assert code == 0, server.said


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: odd"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def everything(line: socket.socket) -> bytes:
    """What comes until the other side closes."""
    parts = []
    while part := line.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def answer(line: socket.socket) -> tuple[bytes, bytes]:
    """(head, body) of one answer that has a length."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = line.recv(1 << 16)
        assert part, data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        part = line.recv(1 << 16)
        assert part, data
        body += part
    return head, body


def children(pid: int) -> list[int]:
    """The processes that one has started, from its main thread."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_refused(server: HttpServer) -> bool:
    """Whether nobody else is taken."""
    try:
        server.line().close()
    except ConnectionError:
        return True
    return False


if __name__ == "__main__":
    from scorer_container.server import lingering, serve, worker

    bind, workers, look, quiet, silent, graceful = sys.argv[1:]
    worker.LOOK_SECONDS, worker.MOST_QUIET = float(look), int(quiet)
    lingering.LOOK_SECONDS = float(silent)
    if os.environ.get("ODD") == "is told to end":
        # The last thing before clients are taken.
        start = worker.Worker.__init__

        def start_told(self: worker.Worker, *given: Any) -> None:
            start(self, *given)
            tell = partial(os.kill, os.getpid(), signal.SIGTERM)
            worker.gc.freeze = tell  # type: ignore[attr-defined]  # The module's own, not exported.

        worker.Worker.__init__ = start_told  # type: ignore[method-assign]  # On purpose.
    if os.environ.get("ODD") == "cannot be forked":
        fork, forked = os.fork, [True, False]

        def fork_once() -> int:
            if not forked.pop(0):
                raise OSError("no processes left")
            return fork()

        os.fork = fork_once
    seconds = float(graceful)
    sys.exit(serve(Odd, bind=bind, workers=int(workers), threads=2, graceful_seconds=seconds))
