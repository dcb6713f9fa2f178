"""A session's cookie does not leave a platform that is reached by HTTPS over anything else."""

import pytest
from flask import session

from scienceops.bootstrap import build_app
from scienceops.config import load_settings
from scienceops.web import create_app


@pytest.mark.parametrize(
    ("public_url", "asked_by", "secure"),
    [
        ("", "https://localhost", True),
        ("", "http://localhost", False),
        ("https://ops.example", "http://localhost", True),
    ],
)
def test_the_cookie_is_secure_where_https_is(tmp_path, public_url, asked_by, secure):
    settings = load_settings(
        {"SCIENCEOPS_HOME": str(tmp_path), "SCIENCEOPS_PUBLIC_URL": public_url}
    )
    flask = create_app(build_app(settings), settings)

    @flask.get("/remember")
    def remember() -> str:
        session["seen"] = True
        return ""

    cookie = flask.test_client().get("/remember", base_url=asked_by).headers["Set-Cookie"]
    assert ("Secure" in cookie) is secure
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


@pytest.mark.parametrize("path", ["/", "/login", "/services/none", "/api/v1/services", "/none"])
def test_nothing_that_somebody_was_shown_is_kept(tmp_path, path):
    settings = load_settings({"SCIENCEOPS_HOME": str(tmp_path)})
    client = create_app(build_app(settings), settings).test_client()
    for place in ("http://localhost", "https://ops.example"):
        assert client.get(path, base_url=place).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/static/style.css", "/plotly.js"])
def test_what_is_the_same_for_all_may_be_kept(tmp_path, path):
    settings = load_settings({"SCIENCEOPS_HOME": str(tmp_path)})
    client = create_app(build_app(settings), settings).test_client()
    with client.get(path, base_url="http://localhost") as reply:
        assert "no-store" not in reply.headers["Cache-Control"]
