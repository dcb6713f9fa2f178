"""Readiness: what a scorer that is not ready says of itself."""

import json

from scienceops.ports.service_runtime import Reply


def why_not_ready(reply: Reply) -> str:
    """The answer of `/readyz` in words, with the scorer's own if it has any.

    >>> why_not_ready(Reply(503, {}, b'{"status": "the spool of captures is full"}'))
    '/readyz answered 503: the spool of captures is full'
    >>> why_not_ready(Reply(502, {}, b"<html>"))
    '/readyz answered 502'
    """
    answered = f"/readyz answered {reply.status}"
    try:
        said = json.loads(reply.content)["status"]
    except (ValueError, TypeError, KeyError):
        return answered
    return f"{answered}: {said}"
