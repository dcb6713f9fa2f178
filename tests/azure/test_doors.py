"""The doors on Azure in the real Python runtime of Functions; its host is a stand-in."""

import json
import sys
from collections.abc import Iterator
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from contract.waiting import wait_for
from emulators.azure_installation import APP_FOLDER, CONNECTION
from emulators.child import ROOT
from emulators.functions_host import StorageQueueTrigger, web_app
from emulators.functions_runtime import FunctionsRuntime, InvocationFailed
from werkzeug import Request, Response
from werkzeug.test import Client

from scienceops.adapters.azure.clients import open_queues
from scienceops.adapters.azure.message_queue import StorageMessageQueue
from scienceops.azure_settings import AzureSettings
from scienceops.core.messages import WORK
from scienceops.errors import BadInput
from scienceops.ports.message_queue import MAX_ATTEMPTS, Delivery

EVENTS = ROOT / "tests" / "events" / "azure"
HOST = json.loads((APP_FOLDER / "host.json").read_text())
QUEUES = HOST["extensions"]["queues"]


class RecordingApp:
    """Stands for the App: notes what the doors call it with, and does what it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.act: Any = lambda _: None

    def _note(self, name: str, *given: Any) -> None:
        self.calls.append((name, *given))
        self.act(*given or (None,))

    def register_upload(self, key: str) -> None:
        self._note("register_upload", key)

    def announce_capture(self, key: str) -> None:
        self._note("announce_capture", key)

    def do_work(self, delivery: Delivery) -> None:
        self._note("do_work", delivery)

    def send_alert(self, delivery: Delivery) -> None:
        self._note("send_alert", delivery)

    def tick(self) -> None:
        self._note("tick")


@pytest.fixture
def app(runtime: FunctionsRuntime, monkeypatch: pytest.MonkeyPatch) -> RecordingApp:
    app = RecordingApp()
    monkeypatch.setattr("scienceops.bootstrap.build_app", lambda: app)
    sys.modules["function_app"]._app.cache_clear()
    return app


def deliver(runtime: FunctionsRuntime, name: str, body: Any, attempts: int = 1) -> None:
    """Call a queue's door as the host does."""
    metadata = {
        "Id": {"string": "m-1"},
        "PopReceipt": {"string": "r-1"},
        "DequeueCount": {"json": json.dumps(attempts)},
    }
    runtime.invoke(name, {"string": json.dumps(body)}, metadata)


def test_the_app_shows_its_six_doors_and_is_ready_for_flex_consumption(runtime) -> None:
    triggers = {name: runtime.trigger(name) for name in runtime.functions}
    assert {name: t["type"] for name, t in triggers.items()} == {
        "on_model_upload": "queueTrigger",
        "on_capture": "queueTrigger",
        "on_work": "queueTrigger",
        "on_alert": "queueTrigger",
        "on_timer": "timerTrigger",
        "http": "httpTrigger",
    }
    # By the name of a connection that a managed identity opens, and never a blob trigger.
    queues = [t for t in triggers.values() if t["type"] == "queueTrigger"]
    assert {t["connection"] for t in queues} == {"AzureWebJobsStorage"}
    assert triggers["http"]["authLevel"] == "ANONYMOUS"


def test_an_event_of_either_schema_names_the_blob_as_it_is_called(runtime, app) -> None:
    deliver(
        runtime,
        "on_model_upload",
        json.loads((EVENTS / "blob_created_cloud_event.json").read_text()),
    )
    deliver(
        runtime, "on_capture", json.loads((EVENTS / "blob_created_event_grid.json").read_text())
    )
    assert app.calls == [
        ("register_upload", "packages/iris/model 1.zip"),
        ("announce_capture", "captures/iris/1/date=2026-11-25/a-00000001.parquet"),
    ]


def test_a_stray_blob_among_the_captures_is_passed_over(runtime, app) -> None:
    def refuse(_: str) -> None:
        raise BadInput("no capture")

    app.act = refuse
    deliver(
        runtime, "on_capture", {"subject": "/blobServices/default/containers/c/blobs/captures/x"}
    )
    with pytest.raises(InvocationFailed, match="no capture"):
        deliver(runtime, "on_model_upload", {"subject": "/x/blobs/packages/y"})


@pytest.mark.parametrize(
    ("door", "queue", "method"),
    [("on_work", "work", "do_work"), ("on_alert", "alerts", "send_alert")],
)
def test_a_message_arrives_with_its_receipt_and_the_number_of_its_delivery(
    runtime, app, door: str, queue: str, method: str
) -> None:
    deliver(runtime, door, {"kind": "x"}, attempts=3)
    assert app.calls == [(method, Delivery(queue, "m-1 r-1", {"kind": "x"}, 3))]


def test_the_timer_ticks_and_an_error_is_told_to_the_host(runtime, app) -> None:
    runtime.invoke("on_timer", {"json": json.dumps({"IsPastDue": True})})
    assert app.calls == [("tick",)]

    def fail(_: object) -> None:
        raise RuntimeError("the registry is away")

    app.act = fail
    with pytest.raises(InvocationFailed, match="the registry is away"):
        runtime.invoke("on_timer", {"json": json.dumps({"IsPastDue": False})})


@pytest.fixture
def client(runtime: FunctionsRuntime, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """The HTTP door, before a WSGI app that tells what it was asked."""

    @Request.application
    def tell(request: Request) -> Response:
        status = int(request.args.get("status", 200))
        told = {
            "method": request.method,
            "path": request.path,
            "query": request.query_string.decode(),
            "authorization": request.headers.get("Authorization", ""),
            "body": request.get_data().hex(),
        }
        reply = Response(json.dumps(told), status=status, mimetype="application/json")
        reply.headers["Retry-After"] = "7"
        reply.set_cookie("session", "s", httponly=True)
        return reply

    door = sys.modules["function_app"]
    monkeypatch.setattr("scienceops.web.create_app", lambda *_: tell)
    monkeypatch.setattr(door, "_app", lambda: SimpleNamespace(settings=None))
    door._web.cache_clear()
    monkeypatch.setenv("AzureWebJobsDisableHomepage", "true")
    yield Client(web_app(runtime, "http"))
    door._web.cache_clear()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/api/v1/service/iris/score"])
def test_any_request_reaches_the_app_as_it_was_sent(client: Client, method: str, path: str) -> None:
    body = bytes(range(256))
    reply = client.open(
        f"{path}?a=1&b=%C3%A9", method=method, data=body, headers={"Authorization": "Bearer k"}
    )
    told = reply.get_json() if hasattr(reply, "get_json") else json.loads(reply.data)
    assert told == {
        "method": method,
        "path": path,
        "query": "a=1&b=%C3%A9",
        "authorization": "Bearer k",
        "body": body.hex(),
    }


def test_a_body_in_chunks_which_the_host_drops_is_asked_for_with_its_length(client: Client) -> None:
    chunks = {"input_stream": BytesIO(b"rows"), "headers": {"Transfer-Encoding": "chunked"}}
    reply = client.post("/api/v1/service/iris/score", **chunks)
    assert reply.status_code == 411
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert "Content-Length" in json.loads(reply.data)["detail"]
    # One with a length, and a call without a body, are the app's.
    assert client.post("/api/v1/services/iris/keys").status_code == 200
    assert client.post("/api/v1/service/iris/score", data=b"rows").status_code == 200


@pytest.mark.parametrize("status", [404, 422, 500, 503])
def test_a_reply_that_tells_of_a_failure_comes_through_whole(client: Client, status: int) -> None:
    reply = client.get(f"/healthz?status={status}")
    assert (reply.status_code, reply.headers["Retry-After"]) == (status, "7")
    assert json.loads(reply.data)["path"] == "/healthz"
    assert reply.headers["Set-Cookie"].startswith("session=s;")


@pytest.fixture
def queue(azure_settings: AzureSettings) -> StorageMessageQueue:
    return StorageMessageQueue(open_queues(azure_settings))


@pytest.fixture
def trigger(
    runtime: FunctionsRuntime, azure_settings: AzureSettings, monkeypatch: pytest.MonkeyPatch
) -> StorageQueueTrigger:
    ports = azure_settings.emulator.split(",")
    monkeypatch.setenv("AzureWebJobsStorage", CONNECTION.format(*ports))
    # What failed comes back at once: times of the host are not what is tested.
    return StorageQueueTrigger(runtime, "on_work", {**QUEUES, "visibilityTimeout": "00:00:00"})


def attempts_of(app: RecordingApp) -> list[int]:
    return [delivery.attempts for _, delivery in app.calls]


def test_a_message_that_the_core_acknowledged_is_gone_and_the_host_minds_not(
    app, queue, trigger
) -> None:
    app.act = queue.acknowledge
    queue.send(WORK, {"kind": "x"})
    assert trigger.turn() is True
    assert (queue.depth(WORK), attempts_of(app)) == (0, [1])


def test_a_message_that_the_core_gave_back_comes_again_though_the_door_returned(
    app, queue, trigger
) -> None:
    app.act = lambda delivery: queue.release(delivery, delay_seconds=1)
    queue.send(WORK, {"kind": "x"})
    trigger.turn()
    # The host would have deleted it, but its receipt is no longer good.
    assert queue.depth(WORK) == 1
    wait_for(trigger.turn)
    assert attempts_of(app) == [1, 2]


def test_a_message_that_always_fails_is_set_aside_where_the_port_looks(app, queue, trigger) -> None:
    def fail(_: Delivery) -> None:
        raise RuntimeError("it went wrong")

    app.act = fail
    queue.send(WORK, {"kind": "x"})
    while trigger.turn():
        pass
    assert attempts_of(app) == [1, 2, 3, 4, 5]
    assert queue.set_aside(WORK) == [{"kind": "x"}]
    assert queue.depth(WORK) == 0


def test_the_host_counts_as_the_port_does_and_reads_what_it_writes() -> None:
    assert QUEUES["maxDequeueCount"] == MAX_ATTEMPTS
    assert QUEUES["messageEncoding"] == "base64"
    assert HOST["extensions"]["http"]["routePrefix"] == ""
