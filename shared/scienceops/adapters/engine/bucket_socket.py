"""Bucket socket: the part of the bucket that one container may use, over a Unix socket.

A container has no network and sees no folder of the platform. It reads and writes objects through
this socket, under the prefixes that its work needs, and finds nothing else there.
"""

import json
import socketserver
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from scienceops.errors import NotAllowed, ScienceOpsError
from scienceops.ports.object_store import ObjectInfo, ObjectStore

OBJECTS, STAT, SCAN = "/objects/", "/stat/", "/scan/"

_CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Rights:
    """Prefixes of keys that may be read, and those that may be written, which includes reading."""

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()

    def check(self, key: str, *, writing: bool) -> None:
        """Raise NotAllowed unless the key, or prefix of keys, lies where it may."""
        allowed = self.write if writing else (*self.read, *self.write)
        if not key.startswith(allowed):
            verb = "write" if writing else "read"
            raise NotAllowed(
                f"this container may not {verb} {key!r}: it may {verb} under "
                + (", ".join(allowed) or "no prefix")
            )


class BucketSocket:
    """Serves a bucket at a socket until closed."""

    def __init__(self, path: Path, objects: ObjectStore, rights: Rights) -> None:
        def handler(*arguments: Any) -> _Handler:
            return _Handler(*arguments, objects=objects, rights=rights)

        self._server = _Server(str(path), handler)
        # Whoever reaches the folder it lies in may use it: that is the container alone.
        path.chmod(0o666)
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    def close(self) -> None:
        """Take no more requests."""
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: str, handler: Callable[..., BaseHTTPRequestHandler]) -> None:
        # The base class wants a class, and calls it.
        super().__init__(path, handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 300

    def __init__(self, *arguments: Any, objects: ObjectStore, rights: Rights) -> None:
        self._objects = objects
        self._rights = rights
        super().__init__(*arguments)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002  # Its name there.
        """Nothing: what a container reads and writes is told by its own log."""

    def do_GET(self) -> None:  # The base class calls it so.
        """An object's content, what is known of it, or the objects under a prefix."""
        self._answer({OBJECTS: self._get, STAT: self._stat, SCAN: self._scan})

    def do_PUT(self) -> None:
        """Store an object."""
        self._answer({OBJECTS: self._put})

    def do_DELETE(self) -> None:
        """Remove an object."""
        self._answer({OBJECTS: self._delete})

    def _answer(self, routes: Mapping[str, Callable[[str], None]]) -> None:
        path = urlsplit(self.path).path
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal():
            # A negative one reads to the end, which the container need never come to.
            self.close_connection = True
            wanted = "wanted the number of bytes that follow"
            detail = f"Content-Length is {length!r:.80}: {wanted}"
            self._send(400, {"error": "BadInput", "detail": detail})
            return
        self._body_left = int(length)
        try:
            for prefix, act in routes.items():
                if path.startswith(prefix):
                    act(unquote(path.removeprefix(prefix)))
                    return
            self._send(404, {"error": "NotFound", "detail": f"no route {path}"})
        except ScienceOpsError as error:
            # An answer before the body is read breaks the writer's pipe, and it never sees it.
            for _ in self._body():
                pass
            told = {"error": type(error).__name__, "detail": str(error)}
            self._send(error.http_status, told)

    def _body(self) -> Iterator[bytes]:
        """Pieces of the body that were not read yet."""
        while self._body_left and (piece := self.rfile.read(min(self._body_left, _CHUNK_BYTES))):
            self._body_left -= len(piece)
            yield piece

    def _get(self, key: str) -> None:
        self._rights.check(key, writing=False)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "object"
            info = self._objects.download(key, path)
            self.send_response(200)
            self.send_header("Content-Length", str(path.stat().st_size))
            self.send_header("X-Object", json.dumps(_to_document(info)))
            self.end_headers()
            with path.open("rb") as file:
                while piece := file.read(_CHUNK_BYTES):
                    self.wfile.write(piece)

    def _stat(self, key: str) -> None:
        self._rights.check(key, writing=False)
        self._send(200, _to_document(self._objects.stat(key)))

    def _scan(self, prefix: str) -> None:
        self._rights.check(prefix, writing=False)
        self._send(200, [_to_document(info) for info in self._objects.scan(prefix)])

    def _put(self, key: str) -> None:
        self._rights.check(key, writing=True)
        asked = parse_qs(urlsplit(self.path).query)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "object"
            with path.open("wb") as file:
                for piece in self._body():
                    file.write(piece)
            if self._body_left:
                # The writer died: half an object is none.
                self.close_connection = True
                return
            info = self._objects.put(key, path, if_absent="if_absent" in asked)
        self._send(200, _to_document(info))

    def _delete(self, key: str) -> None:
        self._rights.check(key, writing=True)
        self._objects.delete(key)
        self._send(200, {})

    def _send(self, status: int, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _to_document(info: ObjectInfo) -> dict[str, Any]:
    return {**asdict(info), "modified_at": info.modified_at.isoformat()}
