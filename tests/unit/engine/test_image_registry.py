"""The home's own registry and our client of registries, each tested against the other."""

import errno
import hashlib
import io
import json
import socket
import threading
from pathlib import Path

import pytest
import requests
from contract.waiting import PATIENCE
from werkzeug.serving import make_server

from scienceops.adapters.engine.garbage import unused_image_files
from scienceops.adapters.engine.image_registry import create_registry
from scienceops.adapters.oci import registry as client_module
from scienceops.adapters.oci.registry import OciRegistry
from scienceops.core.garbage import InUse
from scienceops.core.images import LAYER_TYPE, MANIFEST_TYPE, Blob, sha256
from scienceops.errors import BadSetting, RegistryRefused, RegistryUnavailable

DATA = b"a layer" * 100_000
#: More than any answer takes.
SECONDS = 10 * PATIENCE


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def port(home):
    app = create_registry(home / "images", "scienceops", "scienceops", "secret")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def registry(port):
    return OciRegistry(f"127.0.0.1:{port}/scienceops", ("scienceops", "secret"))


@pytest.mark.parametrize(
    "given", [None, ("scienceops", "wrong"), ("scienceops", "geheim\u00e4"), ("\u00e4", "secret")]
)
def test_who_is_not_its_user_is_asked_for_the_password(port, given):
    auth = given and tuple(part.encode() for part in given)
    reply = requests.get(f"http://127.0.0.1:{port}/v2/", auth=auth, timeout=SECONDS)
    assert (reply.status_code, "WWW-Authenticate" in reply.headers) == (401, True)


def put(registry, data=DATA):
    blob = Blob.of(LAYER_TYPE, data)
    return blob, registry.put_blob(blob, lambda: io.BytesIO(data))


def image_of(registry, *layers):
    config = put(registry, b"{}")[0]
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": config.to_document(),
        "layers": [put(registry, layer)[0].to_document() for layer in layers],
    }
    return json.dumps(document).encode()


def test_a_blob_is_stored_once(registry):
    blob, sent = put(registry)
    assert sent
    assert registry.has(blob.digest)
    assert registry.blob(blob.digest) == DATA
    assert put(registry) == (blob, False)


def test_a_manifest_is_found_by_tag_and_by_digest(registry):
    manifest = image_of(registry, DATA)
    registry.put_manifest("environment-1", manifest, MANIFEST_TYPE)
    assert registry.manifest("environment-1") == manifest
    assert registry.manifest(sha256(manifest)) == manifest
    assert registry.manifest("environment-2") is None


def test_a_tag_moves_and_the_digest_stays(registry):
    first, second = image_of(registry, b"one"), image_of(registry, b"two")
    for manifest in (first, second):
        registry.put_manifest("iris-1", manifest, MANIFEST_TYPE)
    assert registry.manifest("iris-1") == second
    assert registry.manifest(sha256(first)) == first


def test_a_manifest_whose_layers_are_not_there_is_refused(registry):
    document = json.loads(image_of(registry, DATA))
    document["layers"][0]["digest"] = "sha256:" + "0" * 64
    with pytest.raises(RegistryRefused, match="no blob"):
        registry.put_manifest("iris-1", json.dumps(document).encode(), MANIFEST_TYPE)


def test_content_that_is_not_what_its_digest_says_is_refused(registry):
    blob = Blob(LAYER_TYPE, "sha256:" + "0" * 64, len(DATA))
    with pytest.raises(RegistryRefused, match="push it again"):
        registry.put_blob(blob, lambda: io.BytesIO(DATA))
    assert not registry.has(blob.digest)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("manifests/iris-9", "MANIFEST_UNKNOWN"),
        ("manifests/sha256:" + "0" * 64, "MANIFEST_UNKNOWN"),
        ("blobs/sha256:" + "0" * 64, "BLOB_UNKNOWN"),
    ],
)
def test_an_engine_is_told_in_its_own_code_what_is_not_there(port, path, code):
    """By another code it takes an image that is gone for a registry that fails."""
    reply = requests.get(
        f"http://127.0.0.1:{port}/v2/scienceops/{path}",
        auth=("scienceops", "secret"),
        timeout=SECONDS,
    )
    assert reply.status_code == 404
    assert reply.json()["errors"][0]["code"] == code


def test_a_full_disk_is_told_and_nothing_half_stored_stays_on_it(registry, home, monkeypatch):
    monkeypatch.setattr(client_module, "WAITS_SECONDS", (0.01,))

    class FullDisk(io.RawIOBase):
        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    opened = Path.open

    def open_it(path, mode="r", *rest, **more):
        is_upload = path.parent.name == "uploads" and "a" in mode
        return FullDisk() if is_upload else opened(path, mode, *rest, **more)

    monkeypatch.setattr(Path, "open", open_it)
    with pytest.raises(RegistryUnavailable, match=r"HTTP 507.*No space left on device.*images"):
        put(registry)
    assert list((home / "images" / "uploads").iterdir()) == []


@pytest.mark.parametrize("credentials", [None, ("scienceops", "wrong")])
def test_nobody_else_may_look_or_put(port, credentials):
    stranger = OciRegistry(f"127.0.0.1:{port}/scienceops", credentials)
    with pytest.raises(RegistryRefused, match="docker login"):
        stranger.manifest("iris-1")


@pytest.mark.parametrize(
    ("method", "path", "data", "status"),
    [
        ("GET", "blobs/sha256:nonsense", b"", 400),
        ("PATCH", "blobs/uploads/nobody", b"x", 404),
        ("PUT", "manifests/iris-1", b"no JSON", 400),
        ("PUT", "manifests/iris-1", b'{"manifests": []}', 400),
        ("PUT", "manifests/..", b"{}", 404),
    ],
)
def test_nonsense_is_answered_as_the_protocol_says(port, method, path, data, status):
    reply = requests.request(
        method,
        f"http://127.0.0.1:{port}/v2/scienceops/{path}",
        data=data,
        auth=("scienceops", "secret"),
        timeout=SECONDS,
    )
    assert reply.status_code == status


def test_an_upload_in_pieces_is_whole(port):
    session = requests.Session()
    session.auth = ("scienceops", "secret")
    root = f"http://127.0.0.1:{port}"
    begun = session.post(f"{root}/v2/scienceops/blobs/uploads/", timeout=SECONDS)
    place = begun.headers["Location"]
    for piece in (DATA[:1000], DATA[1000:]):
        reply = session.patch(root + place, data=piece, timeout=SECONDS)
        assert reply.status_code == 202
    assert reply.headers["Range"] == f"0-{len(DATA) - 1}"
    digest = sha256(DATA)
    done = session.put(f"{root}{place}?digest={digest}", timeout=SECONDS)
    assert (done.status_code, done.headers["Docker-Content-Digest"]) == (201, digest)
    session.close()


class CuttingProxy:
    """Passes bytes to a port, and cuts the first connections off after so many bytes."""

    def __init__(self, port, after_bytes, cuts):
        self._target, self._after, self._cuts = port, after_bytes, cuts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.cut = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            threading.Thread(target=self._pass, args=(server, client, None), daemon=True).start()
            threading.Thread(target=self._pass, args=(client, server, self), daemon=True).start()

    def _pass(self, source, target, counted):
        passed = 0
        with source, target:
            try:
                while data := source.recv(65536):
                    passed += len(data)
                    if counted and passed > self._after and self.cut < self._cuts:
                        self.cut += 1
                        return
                    target.sendall(data)
                if not counted:
                    return
            except OSError:
                return


def test_a_push_that_is_cut_in_the_middle_begins_anew(port, monkeypatch):
    monkeypatch.setattr(client_module, "WAITS_SECONDS", (0.01, 0.01, 0.01))
    proxy = CuttingProxy(port, after_bytes=300_000, cuts=2)
    try:
        registry = OciRegistry(f"127.0.0.1:{proxy.port}/scienceops", ("scienceops", "secret"))
        blob, sent = put(registry)
        assert sent
        assert proxy.cut == 2
        assert hashlib.sha256(registry.blob(blob.digest)).hexdigest() in blob.digest
    finally:
        proxy.close()


def test_a_registry_that_stays_away_is_told(monkeypatch):
    monkeypatch.setattr(client_module, "WAITS_SECONDS", (0.01,))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        registry = OciRegistry(f"127.0.0.1:{free.getsockname()[1]}/scienceops")
        with pytest.raises(RegistryUnavailable, match="does not answer"):
            registry.manifest("iris-1")


@pytest.mark.parametrize("name", ["", "iris", "http://host/x", "host/Upper", "host/"])
def test_what_is_no_repository_is_refused(name):
    with pytest.raises(BadSetting, match="HOST"):
        OciRegistry(name)


def test_what_no_image_in_use_needs_is_found_and_the_base_of_one_in_use_stays(registry, home):
    environment = image_of(registry, b"environment")
    registry.put_manifest("environment-1", environment, MANIFEST_TYPE)
    model = json.loads(image_of(registry, b"environment", b"model"))
    model["annotations"] = {"org.opencontainers.image.base.digest": sha256(environment)}
    kept = json.dumps(model).encode()
    registry.put_manifest("iris-1", kept, MANIFEST_TYPE)
    lost = image_of(registry, b"another model")
    registry.put_manifest("iris-2", lost, MANIFEST_TYPE)
    none = frozenset()
    image = f"127.0.0.1:1/scienceops@{sha256(kept)}"
    in_use = InUse(frozenset({image}), none, none, none, none)
    found = {path.name for path in unused_image_files(home, in_use)}
    assert found == {
        "iris-2",
        sha256(lost).removeprefix("sha256:"),
        sha256(b"another model").removeprefix("sha256:"),
    }
