"""Gateway: the scoring call, from the caller's key to the live version and back."""

from flask import Blueprint, Response, request

from scienceops.app import App
from scienceops.core.access import Caller, hash_key
from scienceops.errors import BadInput
from scienceops.web.access import bearer

#: Of a scorer's reply, the headers that are the caller's business.
_PASSED = {name.lower(): name for name in ("Content-Type", "Retry-After", "X-ScienceOps-Version")}


def blueprint(app: App) -> Blueprint:
    """The routes of a service."""
    routes = Blueprint("gateway", __name__, url_prefix="/api/v1/service")

    def caller(name: str) -> Caller:
        return app.recognise(hash_key(bearer(request)), name)

    @routes.post("/<name>/score")
    def score(name: str) -> Response:
        reply = app.score(
            name,
            request.get_data(),
            caller(name),
            correlation=request.headers.get("X-Request-Id")
            or request.headers.get("traceparent", ""),
            captured_at=request.headers.get("X-ScienceOps-Captured-At", ""),
        )
        headers = {_PASSED[k]: v for k, v in reply.headers.items() if k in _PASSED}
        return Response(reply.body, reply.status, headers)

    @routes.post("/<name>/labels")
    def labels(name: str) -> dict[str, object]:
        document = request.get_json(force=True, silent=True)
        if not isinstance(document, dict) or set(document) != {"labels"}:
            raise BadInput('wanted {"labels": [{"request_id": ..., "row": 0, "label": ...}]}')
        return app.label(name, document["labels"], caller(name))

    @routes.get("/<name>/openapi.json")
    def openapi(name: str) -> dict[str, object]:
        return app.openapi(name)

    return routes
