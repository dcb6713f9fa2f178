"""What a command asks the platform of this machine."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

from scienceops.cli import session


class _Gateway(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"fine")

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def address():
    server = HTTPServer(("127.0.0.1", 0), _Gateway)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_platform_of_this_machine_is_asked_by_no_proxy(address, tmp_path, monkeypatch):
    """Which would look for 127.0.0.1 on its own machine, and be shown the key."""
    here = SimpleNamespace(settings=SimpleNamespace(cloud="local", home=tmp_path))
    monkeypatch.setattr(session, "app", lambda: here)
    monkeypatch.setattr(session, "running", lambda home: {"url": address})
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert session.send("/score", b"{}", "key", {}).body == b"fine"
