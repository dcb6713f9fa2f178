"""A stand-in for an image registry: the calls of the OCI distribution API, kept in memory."""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from scienceops.core.images import CONFIG_TYPE, LAYER_TYPE, MANIFEST_TYPE, Blob, sha256

_PATH = re.compile(
    r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs)/(?P<rest>[^?]*)(\?.*digest=(?P<d>.+))?"
)


class Registry(ThreadingHTTPServer):
    """Keeps blobs by digest and manifests by tag and digest, of every repository alike."""

    daemon_threads = True

    def __init__(self, password: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, bytes] = {}
        self.is_away = False
        #: What Basic credentials must hold, if anything; after a dot they may say who calls.
        self.password = password
        #: Told of each call by somebody who says so: who, method, manifests or blobs, repository.
        self.heard: Callable[[str, str, str, str], None] = lambda *_: None

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def put_environment(self, tag: str, **config: Any) -> str:
        """What a build service leaves here: a small image under its tag; its digest."""
        layer = tag.encode()
        document = {
            "architecture": "amd64",
            "os": "linux",
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [sha256(layer)]},
        }
        written = json.dumps(document).encode()
        for blob in (layer, written):
            self.blobs[sha256(blob)] = blob
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST_TYPE,
                "config": Blob.of(CONFIG_TYPE, written).to_document(),
                "layers": [Blob.of(LAYER_TYPE, layer).to_document()],
            }
        ).encode()
        self.manifests[tag] = self.manifests[sha256(manifest)] = manifest
        return sha256(manifest)


@contextmanager
def serve_registry(password: str = "") -> Iterator[Registry]:
    """A registry on a free port of this machine."""
    registry = Registry(password)
    thread = threading.Thread(target=registry.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        registry.shutdown()
        registry.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Registry

    def do_GET(self) -> None:
        if (found := self.parsed()) is None:
            return
        manifests = found["kind"] == "manifests"
        held = self.server.manifests if manifests else self.server.blobs
        content = held.get(found["rest"])
        kind = MANIFEST_TYPE if manifests else "application/octet-stream"
        self.reply(404 if content is None else 200, content or b"", kind)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        if self.parsed() is not None:
            self.reply(202, b"", Location=f"{self.path}1")

    def do_PUT(self) -> None:
        if (found := self.parsed()) is None:
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if found["kind"] == "manifests":
            self.server.manifests[found["rest"]] = self.server.manifests[sha256(body)] = body
        else:
            self.server.blobs[sha256(body)] = body
        self.reply(201, b"")

    def parsed(self) -> re.Match[str] | None:
        """The request's path, unless the registry is away or wants credentials."""
        if self.server.is_away:
            self.reply(503, b"away")
            return None
        found = _PATH.fullmatch(self.path)
        if not self.server.password:
            return found
        given = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic "))
        login, _, caller = given.decode().partition(".")
        if login != f"AWS:{self.server.password}":
            self.reply(401, b"", **{"WWW-Authenticate": "Basic realm=stand-in"})
            return None
        if caller and found:
            self.server.heard(caller, self.command, found["kind"], found["name"])
        return found

    def reply(self, status: int, body: bytes, kind: str = "text/plain", **headers: str) -> None:
        if not 200 <= status < 300:
            self.close_connection = True
        self.send_response(status)
        for name, value in {"Content-Type": kind, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
