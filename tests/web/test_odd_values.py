"""Values that no store takes: whoever sends one is told so, with what was wanted."""

import json

import pytest
from support_pack import package_bytes

from scienceops.bootstrap import build_app
from scienceops.config import load_settings
from scienceops.web import create_app

API = "/api/v1/services/iris"
DAY = {"since": "2026-11-28T00:00Z", "until": "2026-11-29T00:00Z"}
#: In UTC before the first year of Python's calendar, and after its last.
TOO_EARLY, TOO_LATE = "0001-01-01T00:00+23:59", "9999-12-31T23:59:59-23:59"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    settings = load_settings({"SCIENCEOPS_HOME": str(tmp_path_factory.mktemp("home"))})
    app = build_app(settings)
    app.ports.objects.put("packages/iris/a.zip", package_bytes())
    app.register_upload("packages/iris/a.zip")
    token = app.upkeep.create_token("eva", "operator", "owner")["token"]
    client = create_app(app, settings).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


@pytest.mark.parametrize("at", [TOO_EARLY, TOO_LATE])
@pytest.mark.parametrize("path", [f"{API}/history", "/services/iris"])
def test_a_time_of_no_year_is_refused(client, path, at):
    reply = client.get(path, query_string={"at": at})
    assert (reply.status_code, "wanted a time like" in reply.text) == (400, True)


@pytest.mark.parametrize(
    "path", [f"{API}/statistics", "/services/iris/feature", "/services/iris/models"]
)
def test_a_version_that_no_store_can_number_is_refused(client, path):
    reply = client.get(path, query_string={"version": "9" * 30})
    assert (reply.status_code, "whole number" in reply.text) == (400, True)


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("POST", "flags", {"kind": "wrong", **DAY, "since": TOO_EARLY}, "a time with a zone"),
        ("POST", "flags", {"kind": "wrong", **DAY, "until": TOO_LATE}, "a time with a zone"),
        ("POST", "flags", {"kind": "wrong", **DAY, "comment": "\ud800"}, "is no character"),
        ("PUT", "traffic", {"weights": {}, "shadow": ""}, '"shadow": 5 or null'),
        ("PUT", "traffic", {"weights": {}, "shadow": []}, '"shadow": 5 or null'),
        ("PUT", "traffic", {"weights": {}, "shadow": False}, '"shadow": 5 or null'),
    ],
)
def test_a_body_that_no_store_takes_is_refused(client, method, path, body, says):
    reply = client.open(f"{API}/{path}", method=method, data=json.dumps(body))
    assert (reply.status_code, says in reply.get_json()["detail"]) == (400, True), reply.text
