"""Problems: errors as RFC 9457 problem details, the same from gateway and scorer."""

import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scienceops.errors import BadRows, ModelFailed, ScienceOpsError, Unavailable

if TYPE_CHECKING:
    from flask import Flask, Response
    from werkzeug.exceptions import HTTPException

log = logging.getLogger(__name__)

TYPE = "application/problem+json"


@dataclass(frozen=True)
class Problem:
    """A problem reply, in no framework's terms."""

    status: int
    document: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_response(self) -> "Response":
        """As Flask sends it."""
        from flask import Response

        body = json.dumps(self.document)
        return Response(body, self.status, headers=self.headers, content_type=TYPE)


def problem(status: int, title: str, detail: str, **more: Any) -> Problem:
    """A problem reply; `more` joins the document."""
    return Problem(
        status, {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    )


def problem_of(error: ScienceOpsError) -> Problem:
    """The problem reply of a known error."""
    more = {"problems": error.problems} if isinstance(error, BadRows) else {}
    told = problem(error.http_status, type(error).__name__, str(error), **more)
    if not isinstance(error, Unavailable):
        return told
    return Problem(told.status, told.document, {"Retry-After": str(error.retry_after_seconds)})


def problem_of_http(error: "HTTPException") -> Problem:
    """The problem reply of what the web framework refuses."""
    said = error.description or error.name
    told = problem(error.code or 500, error.name, said)
    # A 405 says what is allowed, as RFC 9110 asks.
    allowed = {k: v for k, v in error.get_headers() if k == "Allow"}
    return Problem(told.status, told.document, allowed)


def unforeseen(error: BaseException) -> Problem:
    """A 500 that tells whether it was the model, and the reference under which the log has why."""
    reference = secrets.token_hex(6)
    log.error("request failed", exc_info=error, extra={"reference": reference})
    title, said = "InternalError", "something went wrong here"
    if isinstance(error, ModelFailed):
        title, said = "ModelFailed", "the model gave no answer to these rows"
    detail = f"{said}; the log has it under reference {reference}"
    return problem(500, title, detail, reference=reference)


def answer_with_problems(app: "Flask") -> None:
    """Let every error of the app be a problem reply."""
    from werkzeug.exceptions import HTTPException

    app.register_error_handler(ScienceOpsError, lambda e: problem_of(e).to_response())
    app.register_error_handler(HTTPException, lambda e: problem_of_http(e).to_response())
    app.register_error_handler(Exception, lambda e: unforeseen(e).to_response())
