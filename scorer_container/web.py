"""The scorer's Flask app: every endpoint of it, scoring included."""

from typing import Any

from flask import Flask, Response, json, request

from scienceops import __version__
from scienceops.core.openapi import openapi
from scienceops.errors import NotFound
from scienceops.problems import TYPE as PROBLEM
from scienceops.problems import answer_with_problems, problem_of
from scorer_container.capture import CaptureSpool
from scorer_container.fast import reply_to
from scorer_container.metrics import CONTENT_TYPE, Metrics
from scorer_container.protocols.v2 import describe as describe_model
from scorer_container.scoring import Scoring, Served

MANIFEST_SHOWN = (
    "task", "classes", "metrics", "tags", "python", "model", "runtime", "target", "origin",
)  # fmt: skip
#: Answered whoever asks: how the scorer is, and calls, which look at their key themselves.
OPEN = frozenset({"score", "live", "ready", "model_ready", "healthz", "readyz"})


def create_app(
    served: Served,
    scoring: Scoring,
    spool: CaptureSpool,
    metrics: Metrics,
    *,
    is_reachable: bool = False,
) -> Flask:
    """The Flask app of one worker.

    is_reachable: the scorer may have an address on the internet. What it tells of its model and its
    work is then for those alone who may score.
    """
    app = Flask("scorer")
    answer_with_problems(app)

    @app.before_request
    def ask_who() -> None:
        if is_reachable and request.endpoint and request.endpoint not in OPEN:
            scoring.check(request.headers.get("Authorization", ""))

    @app.post("/score")
    @app.post("/invocations")
    @app.post(f"/v2/models/{served.service}/infer")
    @app.post(f"/v2/models/{served.service}/versions/<number>/infer")
    def score(number: str = "") -> Response:  # noqa: ARG001  # The form reads it from the path.
        reply = reply_to(request.environ, request.path, scoring)
        return Response(reply.body, reply.status, reply.headers, content_type=reply.content_type)

    @app.get("/v2")
    def server() -> dict[str, Any]:
        extensions = ["binary_tensor_data"]
        return {"name": "scienceops", "version": __version__, "extensions": extensions}

    @app.get("/v2/health/live")
    def live() -> dict[str, bool]:
        return {"live": True}

    @app.get("/v2/health/ready")
    def ready() -> tuple[dict[str, bool], int]:
        return {"ready": spool.has_room()}, 200 if spool.has_room() else 503

    @app.get(f"/v2/models/{served.service}/ready")
    @app.get(f"/v2/models/{served.service}/versions/<number>/ready")
    def model_ready(number: str = "") -> tuple[dict[str, Any], int]:
        check_version(number)
        return {"name": served.service, **ready()[0]}, ready()[1]

    @app.get(f"/v2/models/{served.service}")
    @app.get(f"/v2/models/{served.service}/versions/<number>")
    def model(number: str = "") -> dict[str, Any]:
        check_version(number)
        shares = len(served.outputs) > 1
        return describe_model(served.schema, served.service, served.version, shares)

    @app.after_request
    def in_its_form(reply: Response) -> Response:
        """Problems as the clients of a protocol know them."""
        if request.path.startswith("/v2") and reply.content_type == PROBLEM:
            reply.set_data(json.dumps({"error": json.loads(reply.get_data())["detail"]}))
            reply.content_type = "application/json"
        return reply

    @app.errorhandler(404)
    def unknown(_: Any) -> Response:
        return problem_of(_no_such_path(request.method, request.path, served)).to_response()

    def check_version(number: str) -> None:
        if number and number != str(served.version):
            raise NotFound(f"there is no version {number!r} here, this is {served.version}")

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz")
    # As MLflow's clients ask.
    @app.get("/ping")
    @app.get("/health")
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
        # A row of the sample, and what training saw, are for those who may score.
        knows = scoring.admits(request.headers.get("Authorization", ""))
        sample, task = served.sample if knows else None, served.manifest["task"]
        facts = (served.service, served.version, served.schema, sample, task)
        return openapi(*facts, path="/score")

    @app.get("/metrics")
    def show_metrics() -> Response:
        return Response(metrics.text(spool.size_bytes), content_type=CONTENT_TYPE)

    return app


def _no_such_path(method: str, path: str, served: Served) -> NotFound:
    """The error of a path that is none, which often names another model than the one here."""
    steps = path.strip("/").split("/")
    if steps[:2] == ["v2", "models"] and len(steps) > 2 and steps[2] != served.service:
        return NotFound(f"there is no model {steps[2]!r} here, this is {served.service!r}")
    return NotFound(
        f"there is no {method} {path}: wanted /score, /invocations, /v2 or, below "
        f"/v2/models/{served.service}, ready, infer or nothing"
    )
