"""Unknown paths: a program that asks where nothing is learns what there is, not what is allowed."""

import difflib

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from scienceops.core.near import near
from scienceops.errors import NotFound
from scienceops.problems import problem_of, problem_of_http

#: The page that answers for every path without one; it takes GET.
NOWHERE = "pages.nowhere"
#: What a service answers to, below /api/v1/service/NAME/.
_OF_SERVICE = {
    "score": "POST",
    "invocations": "POST",
    "labels": "POST",
    "v2/models/NAME/infer": "POST",
    "openapi.json": "GET",
}
_SERVICE = ["api", "v1", "service"]


def no_such_path(method: str, path: str) -> NotFound:
    """The error of a path that is none, with what there is of a service's.

    >>> str(no_such_path("POST", "/api/v1/service/iris/scor"))[:66]
    "there is no POST /api/v1/service/iris/scor (did you mean 'score'?)"
    """
    steps = path.strip("/").split("/")
    last = "/".join(steps[4:])
    if steps[:3] != _SERVICE or not last:
        return NotFound(f"there is no {method} {path}; docs/api.md lists what there is")
    close = difflib.get_close_matches(last, _OF_SERVICE, n=1)
    listed = ", ".join(f"{taken} {name}" for name, taken in _OF_SERVICE.items())
    return NotFound(f"there is no {method} {path}{near(close)}: a service has {listed}")


def answer_unknown_paths(flask: Flask) -> None:
    """Let a method that is taken at no path but the page for unknown ones be a 404, not a 405."""

    def is_nowhere() -> bool:
        adapter = flask.create_url_adapter(request)
        if adapter is None:
            return False
        try:
            endpoint, _ = adapter.match(method="GET")
        except HTTPException:
            return False
        return bool(endpoint == NOWHERE)

    def told(error: MethodNotAllowed) -> Response:
        # What a route raises by itself is of a path that is there.
        if request.routing_exception is error and is_nowhere():
            return problem_of(no_such_path(request.method, request.path)).to_response()
        return problem_of_http(error).to_response()

    flask.register_error_handler(MethodNotAllowed, told)
