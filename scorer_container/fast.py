"""Fast face: scoring and health straight on WSGI; whatever else is asked goes to Flask.

A web framework costs several times what scoring a row does, in each call and at the start.
"""

import threading
from collections.abc import Callable, Iterable
from functools import partial
from http.client import responses
from typing import Any

from scienceops.core.captures import LONGEST_CORRELATION
from scienceops.errors import BadInput
from scienceops.problems import problem, problem_of
from scorer_container.capture import CaptureSpool
from scorer_container.protocols import Form
from scorer_container.protocols.choose import form_of, scores
from scorer_container.protocols.form import JSON
from scorer_container.scoring import Call, Reply, Scoring

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

_STATUS = {code: f"{code} {reason}" for code, reason in responses.items()}
_ALIVE = Reply(200, JSON, b'{"status":"alive"}', {})
_READY = Reply(200, JSON, b'{"status":"ready"}', {})


class FastFace:
    """The WSGI app of one worker.

    others: makes the app that answers everything else, once that is asked for. quick_bytes: of the
    largest body whose rows are scored at once; of none, where a call may wait for something.
    """

    def __init__(
        self,
        scoring: Scoring,
        spool: CaptureSpool,
        others: Callable[[], Wsgi],
        quick_bytes: int = 0,
    ) -> None:
        self._scoring = scoring
        self._spool = spool
        self.limit_bytes = scoring.served.limit_bytes
        self._service = scoring.served.service
        self._quick_bytes = quick_bytes
        self._make_others = others
        self._others: Wsgi | None = None
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if method == "POST" and scores(path, self._service):
            reply = reply_to(environ, path, self._scoring)
        elif health := self._health(path, method):
            reply = health
        else:
            return self.others()(environ, start_response)
        body = reply.body
        headers = [("Content-Type", reply.content_type), ("Content-Length", str(len(body)))]
        headers += reply.headers.items()
        start_response(_STATUS[reply.status], headers)
        return (body,)

    def quick(self, environ: dict[str, Any], body: bytes) -> Reply | None:
        """The answer to a request that takes so little that other calls may wait for it."""
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if method != "POST":
            return self._health(path, method)
        # A few bytes may be packed from many.
        small = len(body) <= self._quick_bytes and "HTTP_CONTENT_ENCODING" not in environ
        if small and scores(path, self._service):
            return _scored(environ, path, body, self._scoring)
        return None

    def _health(self, path: str, method: str) -> Reply | None:
        if path == "/healthz" and method == "GET":
            return _ALIVE
        if path == "/readyz" and method == "GET" and self._spool.has_room():
            return _READY
        return None

    def others(self) -> Wsgi:
        """The app for everything else."""
        with self._lock:
            if self._others is None:
                self._others = self._make_others()
            return self._others


def reply_to(environ: dict[str, Any], path: str, scoring: Scoring) -> Reply:
    """The reply to a scoring call as a WSGI server hands it over."""
    get = environ.get
    limit = scoring.served.limit_bytes
    # Without a length the server marks where the body ends, as it does for chunks.
    length = get("CONTENT_LENGTH") or ""
    wanted = int(length) if length.isdecimal() else limit + 1
    body = b"" if length and wanted > limit else environ["wsgi.input"].read(wanted)
    too_large = (length and wanted > limit) or len(body) > limit
    if (encoding := get("HTTP_CONTENT_ENCODING")) and not too_large:
        from scorer_container.protocols.encoding import unpacked

        try:
            body = unpacked(body, encoding, limit)
        except BadInput as error:
            return scoring.refused(problem_of(error), _form(environ, path, scoring))
        too_large = len(body) > limit
    if too_large:
        detail = f"the body is over the limit of {limit} bytes; send fewer rows at a time"
        told = problem(413, "RequestTooLarge", detail)
        return scoring.refused(told, _form(environ, path, scoring))
    return _scored(environ, path, body, scoring)


def _form(environ: dict[str, Any], path: str, scoring: Scoring) -> Form:
    """The form of a call, by its path and headers."""
    if path == "/score" and environ.get("CONTENT_TYPE") == JSON:
        return scoring.native
    served = scoring.served
    header = partial(_header, environ)
    return form_of(path, header, scoring.decoder, served.version, served.outputs)


def _scored(environ: dict[str, Any], path: str, body: bytes, scoring: Scoring) -> Reply:
    """The reply to a call whose body has been read."""
    get = environ.get
    call = Call(
        body=body,
        authorization=get("HTTP_AUTHORIZATION", ""),
        captured_at=get("HTTP_X_SCIENCEOPS_CAPTURED_AT", ""),
        capture=get("HTTP_X_SCIENCEOPS_CAPTURE", ""),
        # The gateway says it in its own header, a direct caller as it would to the gateway.
        correlation=get("HTTP_X_SCIENCEOPS_CORRELATION_ID", "")
        or get("HTTP_X_REQUEST_ID", "")[:LONGEST_CORRELATION],
        trace=get("HTTP_TRACEPARENT", ""),
    )
    reply = scoring.reply_to(call, _form(environ, path, scoring))
    return _packed(reply, get("HTTP_ACCEPT_ENCODING", "")) if path.endswith("/infer") else reply


def _packed(reply: Reply, accepts: str) -> Reply:
    """A V2 reply as its client takes it: these ask on purpose, others do by habit and lose time."""
    from scorer_container.protocols.encoding import packed, wanted

    # Triton's client reads errors as they come.
    encoding = wanted(accepts) if reply.status == 200 else ""
    if not encoding:
        return reply
    headers = {**reply.headers, "Content-Encoding": encoding, "Vary": "Accept-Encoding"}
    return Reply(reply.status, reply.content_type, packed(reply.body, encoding), headers)


def _header(environ: dict[str, Any], name: str) -> str:
    key = name.upper().replace("-", "_")
    found = environ.get(key if key == "CONTENT_TYPE" else f"HTTP_{key}", "")
    return str(found)
