"""The scorer's Flask app: every endpoint of it, scoring included."""

from typing import Any

from flask import Flask, Response, request

from scienceops.core.openapi import openapi
from scienceops.problems import answer_with_problems
from scorer_container.capture import CaptureSpool
from scorer_container.fast import reply_to
from scorer_container.metrics import CONTENT_TYPE, Metrics
from scorer_container.scoring import Scoring, Served

MANIFEST_SHOWN = (
    "task", "classes", "metrics", "tags", "python", "model", "runtime", "target", "origin",
)  # fmt: skip


def create_app(served: Served, scoring: Scoring, spool: CaptureSpool, metrics: Metrics) -> Flask:
    """The Flask app of one worker."""
    app = Flask("scorer")
    app.config["MAX_CONTENT_LENGTH"] = served.limit_bytes
    answer_with_problems(app)

    @app.post("/score")
    def score() -> Response:
        reply = reply_to(request.environ, scoring, served.limit_bytes)
        return Response(reply.body, reply.status, reply.headers, content_type=reply.content_type)

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz")
    def readyz() -> tuple[dict[str, str], int]:
        if spool.has_room():
            return {"status": "ready"}, 200
        return {"status": "the spool of captures is full"}, 503

    @app.get("/metadata")
    def metadata() -> dict[str, Any]:
        return {
            "name": served.service,
            "version": served.version,
            "package_digest": served.digest,
            **{name: served.manifest.get(name) for name in MANIFEST_SHOWN},
            "schema": served.schema.to_json_schema(),
        }

    @app.get("/openapi.json")
    def describe() -> dict[str, Any]:
        task = served.manifest["task"]
        return openapi(served.service, served.version, served.schema, served.sample, task)

    @app.get("/metrics")
    def show_metrics() -> Response:
        return Response(metrics.text(spool.size_bytes), content_type=CONTENT_TYPE)

    return app
