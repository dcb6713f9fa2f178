"""Registries that answer what no registry does, and machines whose settings get in the way."""

import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from scienceops.adapters.oci import registry as client_module
from scienceops.adapters.oci.registry import OciRegistry
from scienceops.core.images import LAYER_TYPE, MANIFEST_TYPE, Blob
from scienceops.errors import RegistryRefused, RegistryUnavailable


class OddRegistry(ThreadingHTTPServer):
    """Gives every call the same answer, and notes what it was called with."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.body, self.headers = 200, b"", {}
        self.paths, self.signed = [], []


class _Handler(BaseHTTPRequestHandler):
    server: OddRegistry

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.paths.append(self.path)
        self.server.signed.append(self.headers.get("Authorization"))
        is_token = self.path.startswith("/token")
        self.send_response(200 if is_token else self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(self.server.body)

    do_HEAD = do_PUT = do_POST = do_GET  # noqa: N815  # The base class calls them so.

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def odd(monkeypatch):
    monkeypatch.setattr(client_module, "WAITS_SECONDS", (0.01,))
    server = OddRegistry()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def registry(odd):
    return OciRegistry(f"127.0.0.1:{odd.server_port}/models", ("ann", "secret"))


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b"[]", b'{"manifests": []}'])
def test_what_is_no_manifest_is_refused_and_shown(odd, registry, body):
    odd.body = body
    with pytest.raises(RegistryRefused, match="no manifest of an image") as refused:
        registry.manifest("environment-1")
    assert repr(body[:100]) in str(refused.value)


def test_a_200_to_everything_stores_no_manifest(odd, registry):
    with pytest.raises(RegistryRefused, match="HTTP 200, wanted 201"):
        registry.put_manifest("iris-1", b"{}", MANIFEST_TYPE)


def test_an_upload_that_is_given_no_place_is_refused(odd, registry, monkeypatch):
    monkeypatch.setattr(registry, "has", lambda digest: False)
    odd.status = 202
    with pytest.raises(RegistryRefused, match="HTTP 202, wanted 201"):
        registry.put_blob(Blob.of(LAYER_TYPE, b"a"), lambda: io.BytesIO(b"a"))


def test_an_answer_that_is_cut_off_is_asked_for_again(odd, registry):
    odd.body, odd.headers = b"{", {"Content-Length": "100"}
    with pytest.raises(RegistryUnavailable, match="does not answer"):
        registry.manifest("environment-1")
    assert len(odd.paths) == 2


def test_a_redirection_to_nowhere_is_refused(odd, registry):
    odd.status, odd.headers = 307, {"Location": "ftp://there/v2"}
    with pytest.raises(RegistryRefused, match="what no registry does"):
        registry.manifest("environment-1")


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[]"])
def test_a_token_that_is_none_is_refused(odd, registry, body):
    odd.body = body
    challenge = f'Bearer realm="http://127.0.0.1:{odd.server_port}/token"'

    odd.headers, odd.status = {"WWW-Authenticate": challenge}, 401
    with pytest.raises(RegistryRefused):
        registry.manifest("environment-1")


def test_a_registry_of_this_machine_is_not_looked_for_by_a_proxy(odd, registry, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    odd.body = b'{"config": {}, "layers": []}'
    assert registry.manifest("environment-1") == odd.body


def test_the_credentials_of_docker_login_go_before_those_of_netrc(
    odd, registry, tmp_path, monkeypatch
):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login else password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    # As with a registry on another machine, whose proxy and certificates are this machine's.
    registry._session.trust_env = True
    registry._authorization = "Bearer token"
    odd.body = b'{"config": {}, "layers": []}'
    registry.manifest("environment-1")
    assert odd.signed == ["Bearer token"]
