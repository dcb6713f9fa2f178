"""Large bodies through the gateway: not held in memory, to a shadow too, within the limit."""

import hashlib
import json
import resource
import sys
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from contract.waiting import wait_for
from listening_scorer import listening_scorer

from scienceops.adapters.local import connect
from scienceops.app import App
from scienceops.bodies import LARGE_BYTES
from scienceops.config import Settings
from scienceops.core.access import derive_key
from scienceops.core.versions import Deployment, Service
from scienceops.usecases.platform_secrets import gateway_secret
from scienceops.usecases.records import Stored, number_key, save
from scienceops.web import create_app

MIB = 1024 * 1024
LIMIT = 16 * MIB
LARGE = 14 * MIB


class Sender:
    """A caller's body, made as it is read; less of it comes than was told when it hangs up."""

    def __init__(self, size):
        self.size = self.left = size

    def read(self, size=-1):
        size = self.left if size < 0 else min(size, self.left)
        at = self.size - self.left
        self.left -= size
        return (bytes(range(251)) * (size // 251 + 2))[at % 251 :][:size]


def sha256(size):
    return hashlib.sha256(Sender(size).read()).hexdigest()


class Gateway:
    """The web app with a service, `iris`, whose scorer is the stand-in."""

    def __init__(self, home, scorer):
        settings = Settings(home=home, request_limit_bytes=LIMIT)
        ports = connect(settings)
        self.app, self.scorer = App(ports, settings), scorer
        self.keys = {n: derive_key(gateway_secret(ports.secrets), "iris", n) for n in (1, 2)}
        self._registry = ports.registry
        self._flask = create_app(self.app, settings)
        service = Service(name="iris", live=1)
        self.save(service, Stored(service, "iris", "service"))
        for number in (1, 2):
            deployment = Deployment(service="iris", version=number, desired="running")
            ready = deployment.model_copy(update={"observed": "ready", "endpoint": scorer.endpoint})
            self.save(ready, Stored(ready, "iris", number_key("deployment", number)))

    def save(self, document, stored):
        return save(self._registry, stored, document, at=datetime.now(UTC))

    def post(self, size, told="", chunked=False, take=None, key=""):
        """(status, headers, body) as a WSGI server asks; the reply's pieces go to `take`."""
        seen, pieces = {}, []
        self.sent = Sender(size)
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/api/v1/service/iris/score",
            "SERVER_NAME": "here",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_TYPE": "text/csv",
            "HTTP_AUTHORIZATION": f"Bearer {key or self.app.owner_token}",
            "wsgi.input": self.sent,
            "wsgi.input_terminated": True,
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
        }
        length = {"HTTP_TRANSFER_ENCODING": "chunked"} if chunked else None
        environ |= length or {"CONTENT_LENGTH": told or str(size)}

        def start(status, headers, _=None):
            seen.update(status=int(status[:3]), headers=dict(headers))

        reply = self._flask(environ, start)
        for piece in reply:
            (take or pieces.append)(piece)
        getattr(reply, "close", lambda: None)()
        return seen["status"], seen["headers"], b"".join(pieces)


@pytest.fixture
def gateway(tmp_path):
    with listening_scorer(tmp_path) as scorer:
        yield Gateway(tmp_path / "home", scorer)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [0, 1000, LARGE_BYTES, LARGE_BYTES + 1, LARGE, LIMIT])
def test_a_body_arrives_as_it_was_sent(gateway, size, chunked):
    assert gateway.post(size, chunked=chunked)[0] == 200
    [heard] = gateway.scorer.heard
    assert (heard.sha256, heard.told_size) == (sha256(size), str(size))


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused_and_goes_nowhere(gateway, chunked):
    for size in (LIMIT + 1, 2 * LIMIT):
        status, _, told = gateway.post(size, chunked=chunked)
        assert (status, json.loads(told)["title"]) == (413, "Request Entity Too Large")
    assert gateway.scorer.heard == []


@pytest.mark.parametrize("chunked", [False, True])
def test_of_the_body_of_one_who_may_not_score_nothing_is_kept(gateway, chunked, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    status, _, told = gateway.post(LARGE, chunked=chunked, key="so_of_nobody")
    assert (status, json.loads(told)["title"]) == (401, "NotAuthenticated")
    # Read it was, for many a caller listens only then.
    assert gateway.sent.left == 0
    assert gateway.post(LARGE, chunked=chunked)[0] == 503
    assert gateway.scorer.heard == []


def test_a_large_body_of_a_caller_who_hung_up_goes_nowhere(gateway):
    assert gateway.post(2 * MIB, told=str(3 * MIB))[0] == 400
    assert gateway.scorer.heard == []


@pytest.mark.parametrize("chunked", [False, True])
def test_bodies_both_ways_are_not_held_in_memory(gateway, chunked):
    # What is loaded and remembered at the first call is not of this one.
    gateway.post(2 * MIB)
    gateway.scorer.answer = [bytes([number]) * MIB for number in range(14)]
    expected, heard = hashlib.sha256(b"".join(gateway.scorer.answer)), hashlib.sha256()
    tracemalloc.start()
    try:
        status, headers, _ = gateway.post(LARGE, chunked=chunked, take=heard.update)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (status, headers["Content-Length"]) == (200, str(LARGE))
    assert heard.digest() == expected.digest()
    assert peak < 4 * MIB


def test_a_shadow_gets_the_same_large_body(gateway):
    service = Service(name="iris", live=1, shadow=2)
    gateway.save(service, replace(Stored(service, "iris", "service"), revision=1))
    # Two at once, each with a shadow that reads while the next call goes on.
    gateway.scorer.seconds_per_piece = 0.001
    for size in (LARGE, LARGE - 1000):
        assert gateway.post(size)[0] == 200
    wait_for(lambda: len(gateway.scorer.heard) == 4)
    heard = sorted((one.size, one.sha256, one.key) for one in gateway.scorer.heard)
    sizes = (LARGE - 1000, LARGE)
    expected = [(size, sha256(size), key) for size in sizes for key in gateway.keys.values()]
    assert heard == sorted(expected)


def test_a_disk_without_room_is_told_and_what_is_small_is_answered(gateway):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    gateway.post(10)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, before[1]))
    try:
        status, headers, told = gateway.post(LARGE)
        assert gateway.post(MIB)[0] == 200
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (status, json.loads(told)["title"], headers["Retry-After"]) == (
        503,
        "NoRoomForBody",
        "5",
    )
    assert "TMPDIR" in json.loads(told)["detail"]
    assert [heard.size for heard in gateway.scorer.heard] == [10, MIB]
    assert gateway.post(LARGE)[0] == 200
