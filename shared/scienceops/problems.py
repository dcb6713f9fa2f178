"""Problems: errors as RFC 9457 problem details, the same from gateway and scorer."""

import logging
import secrets
from typing import Any

from flask import Flask, Response, json
from werkzeug.exceptions import HTTPException

from scienceops.errors import BadRows, ScienceOpsError, Unavailable

log = logging.getLogger(__name__)

TYPE = "application/problem+json"


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    """A problem reply; `more` joins the document."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return Response(json.dumps(body), status, content_type=TYPE)


def problem_of(error: ScienceOpsError) -> Response:
    """The problem reply of a known error."""
    more = {"problems": error.problems} if isinstance(error, BadRows) else {}
    reply = problem(error.http_status, type(error).__name__, str(error), **more)
    if isinstance(error, Unavailable):
        reply.headers["Retry-After"] = str(error.retry_after_seconds)
    return reply


def unforeseen(error: Exception) -> Response:
    """A 500 that tells nothing but the reference under which the log has the rest."""
    reference = secrets.token_hex(6)
    log.error("request failed", exc_info=error, extra={"reference": reference})
    detail = f"something went wrong here; the log has it under reference {reference}"
    return problem(500, "InternalError", detail, reference=reference)


def answer_with_problems(app: Flask) -> None:
    """Let every error of the app be a problem reply."""
    app.register_error_handler(ScienceOpsError, problem_of)
    app.register_error_handler(
        HTTPException,
        lambda e: problem(e.code or 500, e.name, e.description or e.name),
    )
    app.register_error_handler(Exception, unforeseen)
