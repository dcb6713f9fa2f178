"""One Flask app: scoring gateway, management API, dashboard pages."""

from flask import Flask, Response
from flask_wtf import CSRFProtect

from scienceops.app import App
from scienceops.config import Settings
from scienceops.problems import answer_with_problems
from scienceops.web import api, decisions_api, gateway, pages, signing_in
from scienceops.web.sessions import Sessions
from scienceops.web.unknown_paths import answer_unknown_paths

_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def create_app(app: App, settings: Settings) -> Flask:
    """The Flask app over an App, the same on every platform."""
    flask = Flask("scienceops.web")
    flask.config.update(
        MAX_CONTENT_LENGTH=settings.request_limit_bytes,
        SECRET_KEY=app.session_secret,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https://"),
        # As long as the session: a page may be left open overnight.
        WTF_CSRF_TIME_LIMIT=None,
    )
    # A line of a template that has a statement alone leaves nothing behind.
    flask.jinja_env.trim_blocks = flask.jinja_env.lstrip_blocks = True
    flask.session_interface = Sessions()
    answer_with_problems(flask)
    answer_unknown_paths(flask)
    csrf = CSRFProtect(flask)
    for routes in (
        gateway.blueprint(app, settings),
        api.blueprint(app, settings),
        decisions_api.blueprint(app, settings),
        decisions_api.lineage_blueprint(app, settings),
    ):
        # These look at no cookie, so that no browser can be made to call them for somebody.
        csrf.exempt(routes)
        flask.register_blueprint(routes)
    flask.register_blueprint(signing_in.blueprint(app, settings))
    flask.register_blueprint(pages.blueprint(app, settings))

    @flask.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @flask.after_request
    def guard(reply: Response) -> Response:
        reply.headers.setdefault("Content-Security-Policy", _POLICY)
        reply.headers["X-Content-Type-Options"] = "nosniff"
        reply.headers["X-Frame-Options"] = "DENY"
        reply.headers["Referrer-Policy"] = "same-origin"
        # Keys, rows and pages are for who asked: a browser that keeps a page shows it, on the way
        # back, to whoever sits there once its reader has signed out.
        reply.headers.setdefault("Cache-Control", "no-store")
        return reply

    return flask
