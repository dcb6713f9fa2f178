"""API Gateway entry: any HTTP request, answered by the one Flask app."""

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from functions.aws.platform import app, logger, tracer

if TYPE_CHECKING:
    from flask import Flask

    from scienceops.problems import Problem

#: What an invocation may give back, as JSON; more would be a 500 of API Gateway, without a word.
LARGEST_REPLY_BYTES = 6_291_556
#: What a character of a body takes in JSON at most.
_LONGEST_ESCAPE = 6
#: Stands in a text for bytes that are none; what is packed has such in its first ten.
_NO_TEXT = "\N{REPLACEMENT CHARACTER}"
#: Headers of bodies that are no text, whatever their content type says.
_OF_BYTES = ("content-encoding", "inference-header-content-length")


@lru_cache(maxsize=1)
def site() -> "Flask":
    """The Flask app of this process, built at its first request and kept."""
    from scienceops.web import create_app

    return create_app(app(), app().settings)


@logger.inject_lambda_context(
    correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True
)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The reply of the Flask app to a request of an HTTP API (payload 2.0)."""
    from serverless_wsgi import handle_request

    if _is_broken(event):
        return _broken()
    try:
        flask = site()
    except (BotoCoreError, ClientError) as error:
        # It needs secrets, whose store may be away; the next request tries again.
        from scienceops.problems import unforeseen

        return _reply_of(unforeseen(error))
    reply: dict[str, Any] = handle_request(flask, event, context)
    length = len(reply.get("body", ""))
    if (
        length * _LONGEST_ESCAPE > LARGEST_REPLY_BYTES
        and len(json.dumps(reply)) > LARGEST_REPLY_BYTES
    ):
        return _too_large(length)
    return reply


def _is_broken(event: dict[str, Any]) -> bool:
    """Whether bytes were taken for text, as API Gateway takes `text/*` and JSON."""
    if event.get("isBase64Encoded") or not any(name in event["headers"] for name in _OF_BYTES):
        return False
    return _NO_TEXT in (event.get("body") or "")


def _broken() -> dict[str, Any]:
    from scienceops.problems import problem

    detail = (
        "API Gateway hands text and JSON on as text, which destroys a body that is packed or holds "
        "binary tensors; send JSON so with Content-Type: application/octet-stream, text as it is"
    )
    return _reply_of(problem(415, "BytesAsText", detail))


def _too_large(length: int) -> dict[str, Any]:
    from scienceops.problems import problem

    detail = (
        f"the answer of {length} characters is over what Lambda carries; ask for less at a time, "
        "such as fewer rows"
    )
    return _reply_of(problem(413, "AnswerTooLarge", detail))


def _reply_of(told: "Problem") -> dict[str, Any]:
    from scienceops.problems import TYPE

    return {
        "statusCode": told.status,
        "headers": {"Content-Type": TYPE},
        "body": json.dumps(told.document),
        "isBase64Encoded": False,
    }
