"""Stand-in for a scorer that keeps no body: it hears one in pieces, and answers as it is told."""

import contextlib
import hashlib
import socketserver
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

PIECE = 64 * 1024


@dataclass(frozen=True)
class Heard:
    """One body."""

    connection: int
    key: str
    size: int
    sha256: str
    told_size: str


@dataclass
class Scorer:
    """Where it is, what it heard, and how it behaves."""

    endpoint: str
    heard: list[Heard] = field(default_factory=list)
    #: Pieces that it answers with, after their size is told or each by itself.
    answer: list[bytes] = field(default_factory=lambda: [b"fine"])
    chunked: bool = False
    #: So many bytes less are sent than were told.
    withheld: int = 0
    #: How slowly it reads: a shadow that is still reading while the next call goes on.
    seconds_per_piece: float = 0.0
    connections: int = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.scorer: Scorer = self.server.scorer
        self.scorer.connections += 1
        self.connection_number = self.scorer.connections

    def do_POST(self) -> None:
        told = self.headers.get("Content-Length", "")
        left, digest = int(told), hashlib.sha256()
        while left and (piece := self.rfile.read(min(PIECE, left))):
            digest.update(piece)
            left -= len(piece)
            time.sleep(self.scorer.seconds_per_piece)
        key = self.headers.get("Authorization", "").removeprefix("Bearer ")
        size = int(told) - left
        self.scorer.heard.append(Heard(self.connection_number, key, size, digest.hexdigest(), told))
        self._answer()

    def _answer(self) -> None:
        answer = self.scorer.answer
        self.send_response(200)
        self.send_header("X-ScienceOps-Request-Id", f"request-{len(self.scorer.heard)}")
        if self.scorer.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in [*answer, b""]:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            return
        self.send_header("Content-Length", str(sum(map(len, answer)) + self.scorer.withheld))
        self.end_headers()
        for piece in answer:
            self.wfile.write(piece)
        self.close_connection = bool(self.scorer.withheld)

    def address_string(self) -> str:
        return "the gateway"

    def log_message(self, *_: object) -> None:
        """The tests are quiet."""


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False
    scorer: Scorer

    def handle_error(self, *_: Any) -> None:
        """Whoever asked may have gone away; the tests look at what they got."""


@contextlib.contextmanager
def listening_scorer(folder: Path) -> Iterator[Scorer]:
    """One that listens in this folder."""
    path = folder / "scorer.sock"
    with _Server(str(path), _Handler) as server:
        server.scorer = Scorer(f"unix:{path}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server.scorer
        server.shutdown()
        thread.join()
