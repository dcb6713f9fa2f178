"""Whoever looks at a list of records is told when older ones are gone, and only then."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from scienceops.adapters.local import connect
from scienceops.app import App
from scienceops.cli import alerts, status
from scienceops.config import Settings
from scienceops.core.alert_records import AlertDelivery, delivery_key
from scienceops.core.versions import Rejection, Service, StatisticsRun
from scienceops.usecases.records import PLATFORM, STATISTICS, Stored, number_key, save, stamp
from scienceops.web import create_app

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LONG_AGO = stamp(NOW - timedelta(days=200))
HERE = {"REMOTE_ADDR": "127.0.0.1"}
SINCE = "2026-08-25"


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    settings = Settings(home=tmp_path)
    made = App(connect(settings), settings, lambda: NOW)
    registry = made.ports.registry
    save(registry, Stored(Service(name="iris"), "iris", "service"), Service(name="iris"), at=NOW)
    for number in (1, 2):
        run = StatisticsRun(
            number=number,
            state="succeeded",
            engine="inline",
            requested_at=LONG_AGO,
            requested_by="ann",
        )
        save(registry, Stored(run, STATISTICS, number_key("run", number)), run, at=NOW)
        event = {"type": "dev.scienceops.alert.drift.firing"}
        sent = AlertDelivery(
            service="iris",
            rule="drift",
            sequence=number,
            event=event,
            state="delivered",
            created_at=LONG_AGO,
            next_at=LONG_AGO,
        )
        save(registry, Stored(sent, "iris", delivery_key("drift", number)), sent, at=NOW)
    refused = Rejection(
        key="packages/iris/a.zip",
        digest="d",
        size_bytes=1,
        reason="no zip",
        fix="",
        file="",
        at=LONG_AGO,
    )
    save(registry, Stored(refused, PLATFORM, "rejection/a"), refused, at=NOW)
    for command in (alerts, status):
        monkeypatch.setattr(command, "app", lambda: made)
    return made


def read(app: App, path: str) -> Any:
    client = create_app(app, app.settings).test_client()
    reply = client.get(path, environ_base=HERE, base_url="http://127.0.0.1")
    assert reply.status_code == 200, reply.text
    return reply.text


def run(command: Any, *words: str) -> str:
    done = CliRunner().invoke(command, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return str(done.output)


def test_the_api_says_before_which_time_records_are_gone(app: App) -> None:
    paths = {"runs": "/api/v1/runs", "rejections": "/api/v1/rejections"}
    paths["deliveries"] = "/api/v1/services/iris/alerts"
    told = {kind: json.loads(read(app, path)) for kind, path in paths.items()}
    assert {kind: len(told[kind][kind]) for kind in told} == {
        "runs": 2,
        "rejections": 1,
        "deliveries": 2,
    }
    assert {told[kind]["gone_before"] for kind in told} == {""}
    app.tick()
    told = {kind: json.loads(read(app, path)) for kind, path in paths.items()}
    assert {kind: len(told[kind][kind]) for kind in told} == {
        "runs": 1,
        "rejections": 0,
        "deliveries": 1,
    }
    assert {told[kind]["gone_before"][:10] for kind in told} == {SINCE}


def test_the_page_says_so(app: App) -> None:
    assert SINCE not in read(app, "/")
    app.tick()
    page = read(app, "/")
    assert f"Of runs before {SINCE}, only those that a day still shows are kept." in page
    assert f"Of uploads refused before {SINCE}, those that lie there no more are not" in page


def test_the_commands_say_so(app: App) -> None:
    assert SINCE not in run(status.status) + run(alerts.alerts, "iris")
    app.tick()
    told = run(status.status)
    assert f"of runs before {SINCE}, only those that a day still shows are kept\n" in told
    assert f"of uploads refused before {SINCE}, those that lie there no more" in told
    told = run(alerts.alerts, "iris")
    assert f"of events before {SINCE}, only the last of each rule is kept\n" in told
