"""The host of Azure Functions: what it does to a call before the app is asked."""

from collections.abc import Iterable
from typing import Any

from scienceops.problems import problem
from scienceops.web.traces import Wsgi, follow_host

LENGTH_REQUIRED = 411


def behind_host(app: Wsgi) -> Wsgi:
    """The app as the door calls it: it goes on with the host's trace, and misses no body."""
    return need_length(follow_host(app))


def need_length(app: Wsgi) -> Wsgi:
    """The app, which is not asked with a body that came in chunks.

    The host hands on bodies with a length alone; of another one the function gets its headers and
    nothing else, so that a call would be taken for one without a body.
    Source: Azure/azure-functions-host, issue 4926, and ToRpcHttp in its
    GrpcMessageConversionExtensions.cs.
    """

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("HTTP_TRANSFER_ENCODING") and environ.get("CONTENT_LENGTH") == "0":
            told = problem(
                LENGTH_REQUIRED,
                "Length Required",
                "the body came in chunks, of which Azure Functions hands none on; "
                "send it with its Content-Length",
            )
            return told.to_response()(environ, start_response)
        return app(environ, start_response)

    return call
