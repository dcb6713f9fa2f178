"""The doors on AWS, over the local adapters: what each event makes of the platform."""

import base64
import copy
import gzip
import importlib
import json
import struct
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from support_pack import package_bytes

from functions.aws import http, on_alert, on_capture, on_model_upload, on_timer, on_work, platform
from functions.local import doors as local_doors
from scienceops.app import App
from scienceops.core.messages import CAPTURES, WORK

HERE = Path(__file__).parents[2]
EVENTS = HERE / "tests/events/aws"


@dataclass
class Context:
    """What Lambda tells a handler of its invocation."""

    function_name: str = "scienceops-dev-door"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:door"
    aws_request_id: str = "52fdfc07-2182-154f-163f-5f0f9a621d72"


def event(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return read


def created(*keys: str) -> dict[str, Any]:
    """The event of these objects; the keys as S3 writes them."""
    told = event("object_created")
    [record] = told["Records"]
    told["Records"] = [copy.deepcopy(record) for _ in keys]
    for made, key in zip(told["Records"], keys, strict=True):
        made["s3"]["object"]["key"] = key
    return told


def messages(*bodies: str) -> dict[str, Any]:
    """A batch of messages, with the ids 0, 1, 2."""
    told = event("messages")
    [record] = told["Records"]
    told["Records"] = [
        {**record, "messageId": str(number), "receiptHandle": f"stale-{number}", "body": body}
        for number, body in enumerate(bodies)
    ]
    return told


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    monkeypatch.setenv("SCIENCEOPS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SCIENCEOPS_PUBLIC_URL", "https://models.example")
    platform.app.cache_clear()
    http.site.cache_clear()
    return platform.app()


def test_every_platform_has_the_doors_of_the_local_one():
    local = {name for name in vars(local_doors) if name.startswith("on_")} - {"on_event"}
    aws = {path.stem for path in (HERE / "functions/aws").glob("on_*.py")}
    assert aws == local
    for name in [*aws, "http"]:
        assert callable(importlib.import_module(f"functions.aws.{name}").handler)


def test_an_upload_becomes_a_version_whatever_its_name(app: App):
    app.ports.objects.put("packages/iris/my first=modelé.zip", package_bytes())
    on_model_upload.handler(event("object_created"), Context())
    [version] = app.service("iris")["versions"]
    assert version["version"] == 1
    assert app.ports.queue.depth(WORK) == 1


def test_an_upload_that_is_announced_twice_is_one_version(app: App):
    app.ports.objects.put("packages/iris/a.zip", package_bytes())
    for _ in range(2):
        on_model_upload.handler(created("packages/iris/a.zip"), Context())
    assert len(app.service("iris")["versions"]) == 1


def test_a_folder_that_the_console_made_is_passed_over_and_the_others_are_versions(app: App):
    app.ports.objects.put("packages/iris/a.zip", package_bytes())
    on_model_upload.handler(created("packages/iris/", "packages/iris/a.zip"), Context())
    assert len(app.service("iris")["versions"]) == 1


def test_a_capture_and_a_label_announce_their_days(app: App):
    keys = (
        "captures/iris/3/date%3D2026-11-25/a.parquet",
        "labels/iris/3/date%3D2026-11-24/b.jsonl",
    )
    on_capture.handler(created(*keys), Context())
    told = app.ports.queue.receive(CAPTURES)
    assert sorted(delivery.body["date"] for delivery in told) == ["2026-11-24", "2026-11-25"]


def test_a_stray_object_is_passed_over_and_the_others_are_announced(app: App):
    keys = ("captures/iris/", "captures/iris/3/date%3D2026-11-25/a.parquet")
    on_capture.handler(created(*keys), Context())
    assert app.ports.queue.depth(CAPTURES) == 1


def test_a_message_is_taken_with_its_receipt_and_attempts(app: App, monkeypatch):
    taken = []
    monkeypatch.setattr(app, "do_work", taken.append)
    assert on_work.handler(event("messages"), Context()) == {"batchItemFailures": []}
    [delivery] = taken
    assert (delivery.queue, delivery.attempts) == (WORK, 3)
    assert delivery.receipt == "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a"
    assert delivery.body == {"kind": "advance_version", "service": "iris", "version": 1}


def test_of_a_batch_only_what_failed_is_delivered_again(app: App, monkeypatch):
    def work(delivery):
        if delivery.body["run"] == 2:
            raise RuntimeError("the registry does not answer")

    monkeypatch.setattr(app, "do_work", work)
    bodies = [json.dumps({"kind": "follow_run", "run": run}) for run in (1, 2, 3)]
    told = on_work.handler(messages(bodies[0], bodies[1], "no JSON", bodies[2]), Context())
    assert told == {"batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "2"}]}


def test_when_all_of_a_batch_failed_the_door_fails_so_that_its_alarm_rings(app: App, monkeypatch):
    monkeypatch.setattr(app, "do_work", lambda _: 1 / 0)
    with pytest.raises(Exception, match="All records failed processing"):
        on_work.handler(event("messages"), Context())


def test_work_that_nobody_understands_is_dropped(app: App):
    assert on_work.handler(messages('{"kind": "unheard of"}'), Context())["batchItemFailures"] == []


def test_an_alert_of_a_service_that_is_gone_is_dropped(app: App):
    body = json.dumps({"kind": "send_alert", "service": "iris", "rule": "drift", "sequence": 1})
    assert on_alert.handler(messages(body), Context())["batchItemFailures"] == []


def test_a_tick_nudges_what_stands_still(app: App):
    app.ports.objects.put("packages/iris/a.zip", package_bytes())
    app.register_upload("packages/iris/a.zip")
    for delivery in app.receive_work():
        app.ports.queue.acknowledge(delivery)
    on_timer.handler(event("tick"), Context())
    assert app.ports.queue.depth(WORK) == 1


def test_logs_of_the_core_carry_the_id_of_the_event(app: App, monkeypatch, capsys):
    monkeypatch.setattr(platform.logger.handlers[0], "stream", sys.stdout)
    app.ports.objects.put("packages/iris/a.zip", b"no zip")
    on_model_upload.handler(created("packages/iris/a.zip"), Context())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [told] = [line for line in lines if line.get("message") == "package rejected"]
    assert told["correlation_id"] == "C3D13FE58DE4C810"
    assert told["location"].startswith("scienceops.usecases.register_upload:")


def test_each_door_counts_what_it_did(app: App, capsys):
    on_timer.handler(event("tick"), Context())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [told] = [line for line in lines if "_aws" in line]
    assert told["Ticks"] == [1.0]


def test_http_answers_and_links_without_the_name_of_the_stage(app: App, monkeypatch):
    monkeypatch.setenv("STRIP_STAGE_PATH", "yes")  # As infra/serverless.yml does.
    asked = event("request")
    assert json.loads(http.handler(asked, Context())["body"]) == {"status": "alive"}
    reply = http.handler({**asked, "rawPath": "/"}, Context())
    assert reply["statusCode"] == 303
    assert reply["headers"]["Location"].startswith("/login")


def test_http_gives_bytes_as_base64_and_the_chart_library_gzipped(app: App, monkeypatch):
    monkeypatch.setenv("STRIP_STAGE_PATH", "yes")
    asked = event("request")
    asked["headers"]["authorization"] = f"Bearer {app.owner_token}"
    reply = http.handler({**asked, "rawPath": "/plotly.js"}, Context())
    assert reply["headers"]["Content-Encoding"] == "gzip"
    assert reply["isBase64Encoded"] is True
    assert len(json.dumps(reply)) < 6 * 1024**2


#: Bodies that are no text: by their headers, what they are.
BYTES = {
    "content-encoding": gzip.compress(b'{"input_df": [{"age": 1}]}'),
    "inference-header-content-length": b'{"inputs": []}' + struct.pack("<d", -1.5),
}


def handed_on(kind: str, header: str) -> dict[str, Any]:
    """A body as API Gateway hands it on: of text and JSON as UTF-8, of others in base64."""
    body = BYTES[header]
    asked = event("request")
    asked["requestContext"]["http"]["method"] = "POST"
    told = "gzip" if header == "content-encoding" else "14"
    asked["headers"].update({"content-type": kind, header: told})
    is_text = kind == "application/json"
    text = body.decode(errors="replace") if is_text else base64.b64encode(body).decode()
    return {
        **asked,
        "rawPath": "/api/v1/service/iris/score",
        "body": text,
        "isBase64Encoded": not is_text,
    }


@pytest.mark.parametrize("header", BYTES)
def test_bytes_that_api_gateway_took_for_text_are_told_with_what_to_send(app: App, header: str):
    told = http.handler(handed_on("application/json", header), Context())
    assert told["statusCode"] == 415
    assert "application/octet-stream" in json.loads(told["body"])["detail"]
    # This one reaches the gateway, which wants a key.
    whole = http.handler(handed_on("application/octet-stream", header), Context())
    assert whole["statusCode"] == 401


def test_http_answers_in_our_words_while_the_store_of_secrets_is_away(app: App, monkeypatch):
    class Away:
        def put(self, name: str, value: str, *, if_absent: bool = False) -> str:
            raise ReadTimeoutError(endpoint_url="https://secretsmanager")

    with monkeypatch.context() as patch:
        patch.setattr(app, "ports", replace(app.ports, secrets=Away()))
        told = http.handler(event("request"), Context())
    assert (told["statusCode"], json.loads(told["body"])["title"]) == (500, "InternalError")
    assert http.site()


def test_a_request_that_is_too_large_for_a_scorer_is_told_so(app: App, monkeypatch):
    monkeypatch.setenv("SCIENCEOPS_REQUEST_LIMIT_BYTES", "1000")
    platform.app.cache_clear()
    http.site.cache_clear()
    asked = event("request")
    asked["requestContext"]["http"]["method"] = "POST"
    asked.update(rawPath="/api/v1/service/iris/score", body="x" * 2000)
    assert http.handler(asked, Context())["statusCode"] == 413


def test_an_answer_that_is_too_large_for_lambda_is_told_so(app: App, monkeypatch):
    size = 3_200_000
    text = {"Content-Type": "text/plain"}

    @http.site().get("/large/<character>")
    def large(character: str) -> tuple[str, dict[str, str]]:
        return character * size, text

    asked = event("request")
    asked["headers"]["authorization"] = f"Bearer {app.owner_token}"
    fits = http.handler({**asked, "rawPath": "/large/x"}, Context())
    assert (fits["statusCode"], len(fits["body"])) == (200, size)
    # A quotation mark takes two bytes of what is carried.
    told = http.handler({**asked, "rawPath": '/large/"'}, Context())
    assert told["statusCode"] == 413
    assert f"{size} characters" in json.loads(told["body"])["detail"]
