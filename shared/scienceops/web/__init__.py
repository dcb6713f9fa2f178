"""One Flask app: scoring gateway, management API, dashboard pages."""

from flask import Flask, Response

from scienceops.app import App
from scienceops.config import Settings
from scienceops.problems import answer_with_problems
from scienceops.web import api, gateway, pages
from scienceops.web.sessions import Sessions

_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"


def create_app(app: App, settings: Settings) -> Flask:
    """The Flask app over an App, the same on every platform."""
    flask = Flask("scienceops.web")
    flask.config.update(
        MAX_CONTENT_LENGTH=settings.request_limit_bytes,
        SECRET_KEY=app.session_secret,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https://"),
    )
    flask.session_interface = Sessions()
    answer_with_problems(flask)
    flask.register_blueprint(gateway.blueprint(app))
    flask.register_blueprint(api.blueprint(app, settings))
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
        return reply

    return flask
