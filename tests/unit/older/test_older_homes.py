"""A home that an earlier release has kept is read by this one, and nothing in it begins anew.

In the folder of a day lies what the release of that day had under its home when it was killed in
the middle of a retraining and a run: platform.db and statistics.db as SQL, and some of its bucket.
A release that changes what is kept adds a folder, and changes none.
"""

import json
import re
import sqlite3
import urllib.parse
import zipfile
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from face import Face

from scienceops.adapters.local.environments import Environments
from scienceops.adapters.local.renewed_images import renew_images
from scienceops.app import App
from scienceops.bootstrap import connect
from scienceops.config import load_settings
from scienceops.core.access import Caller, hash_key
from scienceops.core.alert_records import Alert, AlertDelivery
from scienceops.core.messages import ALERTS, parse_work
from scienceops.core.retraining import Flag, Retraining
from scienceops.core.versions import Deployment, Service, StatisticsRun, Token, Version
from scienceops.usecases.records import find_all, read_versions, value_of
from scienceops.usecases.watch_alerts import watch_alerts
from scienceops.web import create_app

HOMES = sorted(path for path in Path(__file__).parent.iterdir() if path.name.startswith("20"))
#: A minute after the first of them was killed.
NOW = datetime(2026, 11, 30, 6, 40, tzinfo=UTC)
KINDS = {
    "alert": Alert,
    "alert-delivery": AlertDelivery,
    "deployment": Deployment,
    "flag": Flag,
    "retraining": Retraining,
    "run": StatisticsRun,
    "service": Service,
    "token": Token,
    "version": Version,
}
ANSWERED = "01a20b11-1a80-7484-98bc-ee483aec1fbb"


@pytest.fixture(params=HOMES, ids=lambda path: path.name)
def kept(request):
    """The folder of a day."""
    return request.param


@pytest.fixture
def files(kept, tmp_path):
    """The home with what was a file there."""
    with zipfile.ZipFile(kept / "home.zip") as files:
        files.extractall(tmp_path)
    return tmp_path


@pytest.fixture(params=["as it was left", "touched by a later release"])
def home(request, kept, files):
    """The home; a later release may have given each record a field."""
    for name in ("platform", "statistics"):
        database = sqlite3.connect(files / f"{name}.db")
        database.executescript((kept / f"{name}.sql").read_text())
        if name == "platform" and request.param == "touched by a later release":
            database.execute("UPDATE records SET body = json_set(body, '$.of_tomorrow', 1)")
            database.commit()
        database.close()
    return files


@pytest.fixture
def app(home):
    settings = load_settings({"SCIENCEOPS_HOME": str(home), "SCIENCEOPS_ENGINE": "none"})
    return App(connect(settings), settings, lambda: NOW)


def rows(home, statement):
    database = sqlite3.connect(home / "platform.db")
    try:
        return database.execute(statement).fetchall()
    finally:
        database.close()


def test_every_record_and_message_is_read(app, home):
    registry = app.ports.registry
    read = set()
    for partition in registry.partitions():
        for record in registry.scan(partition):
            kind = record.key.partition("/")[0]
            value_of(record, KINDS[kind])
            read.add(kind)
    assert read >= {"alert", "deployment", "flag", "retraining", "run", "service", "version"}
    for (message,) in rows(home, "SELECT body FROM messages WHERE queue = 'work'"):
        parse_work(json.loads(message))


def test_every_version_can_be_run(app, home):
    renew_images(home, app.ports.registry)
    versions = [stored.value for stored in read_versions(app.ports.registry, "comp")]
    environments = Environments(home)
    assert len(versions) == 4
    assert all(environments.is_known(version.image) for version in versions)


def test_every_page_is_shown(app):
    client = create_app(app, app.settings).test_client()
    host = {"Host": "127.0.0.1:8400"}
    token = {"csrf_token": "", "token": app.owner_token}
    page = client.get("/login", headers=host).text
    token["csrf_token"] = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page).group(1)
    assert client.post("/login", data=token, headers=host).status_code == 303
    waiting, seen = {"/"}, set()
    while waiting:
        seen.add(path := waiting.pop())
        with client.get(path, headers=host) as reply:
            assert reply.status_code == 200, path
            text = reply.text if reply.mimetype == "text/html" else ""
        links = re.findall(r'href="([^"#]+)', text)
        found = {urllib.parse.urljoin(path, unescape(link)) for link in links}
        waiting |= {link for link in found if link.startswith("/")} - seen
    assert {"/services/comp/retrainings/2", "/services/comp/data"} <= seen


def test_no_alert_begins_or_is_told_anew(app):
    registry = app.ports.registry
    before = [registry.scan("comp", kind) for kind in ("alert/", "alert-delivery/")]
    told = app.ports.queue.depth(ALERTS)
    watch_alerts(app.ports, lambda: NOW, app.settings.environment, "")
    assert [registry.scan("comp", kind) for kind in ("alert/", "alert-delivery/")] == before
    assert app.ports.queue.depth(ALERTS) == told
    assert [alert.value.rule for alert in find_all(registry, "comp", "alert/", Alert)] == ["drift"]


def test_statistics_of_old_days_are_shown_to_pages_and_in_views(app, home):
    found = app.ports.statistics.read("comp", statistics=["verdict"])
    assert {row.feature_name for row in found if row.value == 1.0} >= {"petal length (cm)"}
    database = sqlite3.connect(home / "statistics.db")
    verdicts = database.execute("SELECT verdict_text FROM scienceops_features").fetchall()
    database.close()
    # The second is a word of today, so that the views of then were replaced.
    assert {("drift",), ("not compared",)} <= set(verdicts)


def test_an_old_answer_leads_to_what_it_came_from_and_takes_a_label(app):
    found = app.trace(ANSWERED)
    assert (found["version"], found["service"]) == (1, "comp")
    owner = app.recognise(hash_key(app.owner_token), "comp")
    assert isinstance(owner, Caller)
    item = {"request_id": ANSWERED, "row": 0, "label": "setosa"}
    assert app.label("comp", [item], owner)["accepted"] == 1


@pytest.mark.parametrize("service", ["comp", "forest", "script"])
def test_a_package_of_then_answers_its_sample_as_it_did(files, tmp_path, service):
    package = files / "bucket" / "versions" / service / "1" / "package.zip"
    sample = json.loads(package.with_name("sample.json").read_bytes())
    (tmp_path / "scorer").mkdir()
    face = Face(tmp_path / "scorer", package, fast=True)
    status, _, reply = face.ask("POST", "/score", json.dumps({"input_df": sample["rows"]}).encode())
    assert status == 200
    assert json.loads(reply)["predictions"] == sample["predictions"]
