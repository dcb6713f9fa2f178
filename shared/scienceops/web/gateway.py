"""Gateway: the scoring call, from the caller's key to the live version and back."""

import time
from urllib.parse import quote

from flask import Blueprint, Response, request
from werkzeug.exceptions import MethodNotAllowed

from scienceops.app import App
from scienceops.config import Settings
from scienceops.core.access import Caller, hash_key
from scienceops.core.trace import HEADER as TRACE
from scienceops.errors import BadInput, ScienceOpsError
from scienceops.web.access import bearer, onlooker
from scienceops.web.bodies import drop_body, read_body, read_json
from scienceops.web.traces import Traces

#: Of a scorer's reply, the headers that are the caller's business.
_PASSED = {
    name.lower(): name
    for name in (
        "Content-Encoding",
        "Content-Type",
        "Retry-After",
        "Vary",
        "Inference-Header-Content-Length",
        "X-ScienceOps-Request-Id",
        "X-ScienceOps-Version",
    )
}
#: Of a caller's request, those that the scorer reads.
_READ = (
    "Content-Type",
    "Content-Encoding",
    "Accept",
    "Accept-Encoding",
    "Inference-Header-Content-Length",
)


def blueprint(app: App, settings: Settings) -> Blueprint:
    """The routes of a service."""
    routes = Blueprint("gateway", __name__, url_prefix="/api/v1/service")
    traces = Traces()

    def caller(name: str) -> Caller:
        try:
            return app.admit(name, hash_key(bearer(request)))
        except ScienceOpsError:
            # A body is kept, or read, for those alone who may score.
            drop_body(request)
            raise

    def forward(name: str, path: str) -> Response:
        asked, began = request.headers, time.perf_counter()
        trace = traces.of(asked.get(TRACE, ""))
        admitted = caller(name)
        reply = app.score(
            name,
            read_body(request),
            admitted,
            correlation=asked.get("X-Request-Id") or asked.get(TRACE, ""),
            captured_at=asked.get("X-ScienceOps-Captured-At", ""),
            path=path,
            method=request.method,
            passed={
                TRACE: trace.header,
                **{header: asked[header] for header in _READ if header in asked},
            },
        )
        traces.tell(
            trace,
            time.perf_counter() - began,
            service=name,
            version=reply.headers.get("x-scienceops-version"),
            request_id=reply.headers.get("x-scienceops-request-id"),
            status=reply.status,
        )
        headers = {_PASSED[k]: v for k, v in reply.headers.items() if k in _PASSED}
        if not isinstance(reply.body, bytes):
            headers["Content-Length"] = str(len(reply.body))
        return Response(reply.body, reply.status, headers)

    @routes.post("/<name>/score", provide_automatic_options=False)
    def score(name: str) -> Response:
        return forward(name, "/score")

    @routes.route("/<name>/score", methods=["GET", "OPTIONS"])
    def score_methods(name: str) -> Response:  # noqa: ARG001  # The route names it.
        # Said here, for the route that explains unknown paths would answer, and add its GET.
        if request.method == "OPTIONS":
            return Response(headers={"Allow": "OPTIONS, POST"})
        raise MethodNotAllowed(["OPTIONS", "POST"])

    @routes.post("/<name>/invocations")
    def invocations(name: str) -> Response:
        return forward(name, "/invocations")

    @routes.post("/<name>/v2/<path:rest>")
    @routes.get("/<name>/v2/<path:rest>")
    @routes.get("/<name>/v2")
    def v2(name: str, rest: str = "") -> Response:
        return forward(name, f"/v2/{quote(rest)}" if rest else "/v2")

    @routes.post("/<name>/labels")
    def labels(name: str) -> dict[str, object]:
        admitted, document = caller(name), read_json(request)
        if not isinstance(document, dict) or set(document) != {"labels"}:
            raise BadInput('wanted {"labels": [{"request_id": ..., "row": 0, "label": ...}]}')
        return app.label(name, document["labels"], admitted)

    @routes.get("/<name>/openapi.json")
    def openapi(name: str) -> dict[str, object]:
        key = bearer(request)
        asks = app.recognise(hash_key(key), name) if key else onlooker(request, settings)
        return app.openapi(name, asks)

    return routes
