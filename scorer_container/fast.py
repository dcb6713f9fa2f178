"""Fast face: scoring and health straight on WSGI; whatever else is asked goes to Flask.

A web framework costs several times what scoring a row does, in each call and at the start.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from http.client import responses
from typing import Any

from scienceops.core.captures import LONGEST_CORRELATION
from scienceops.errors import BadInput
from scienceops.problems import problem, problem_of
from scorer_container.capture import CaptureSpool
from scorer_container.pace import SMALL_BYTES, Pace
from scorer_container.protocols import Form
from scorer_container.protocols.choose import form_of, scores
from scorer_container.protocols.form import ARROW, JSON
from scorer_container.scoring import Call, Reply, Scoring

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Environ = dict[str, Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]

_STATUS = {code: f"{code} {reason}" for code, reason in responses.items()}
_ENCODING = "HTTP_CONTENT_ENCODING"
_ALIVE = Reply(200, JSON, b'{"status":"alive"}', {})
_READY = Reply(200, JSON, b'{"status":"ready"}', {})


class FastFace:
    """The WSGI app of one worker.

    others: makes the app that answers everything else, once that is asked for. pace: of a model
    whose rows may be scored while other calls wait; None where a call may wait for something.
    """

    def __init__(
        self,
        scoring: Scoring,
        spool: CaptureSpool,
        others: Callable[[], Wsgi],
        pace: Pace | None = None,
    ) -> None:
        self._scoring = scoring
        self._spool = spool
        self.limit_bytes = scoring.served.limit_bytes
        self._service = scoring.served.service
        self._pace = pace
        self._make_others = others
        self._others: Wsgi | None = None
        self._lock = threading.Lock()
        #: Whether what reads Arrow is loaded, which takes many times what reading takes.
        self._reads_arrow = False

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if method == "POST" and scores(path, self._service):
            began, length = time.thread_time(), environ.get("CONTENT_LENGTH", "")
            reply = reply_to(environ, path, self._scoring)
            if self._is_loaded(environ):
                if length.isdecimal() and _ENCODING not in environ:
                    self._learn(int(length), reply, began)
            else:
                self._reads_arrow = True
        elif health := self._health(path, method):
            reply = health
        else:
            return self.others()(environ, start_response)
        body = reply.body
        headers = [("Content-Type", reply.content_type), ("Content-Length", str(len(body)))]
        headers += reply.headers.items()
        start_response(_STATUS[reply.status], headers)
        return (body,)

    def quick(self, asked: Sequence[tuple[Environ, bytes]]) -> list[Reply | Exception | None]:
        """Answers to requests that came at once; None to those that would hold up others."""
        replies: list[Reply | Exception | None] = [None] * len(asked)
        calls: dict[int, tuple[Call, Form]] = {}
        for place, (environ, body) in enumerate(asked):
            path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
            if method != "POST":
                replies[place] = self._health(path, method)
            elif self._is_quick(environ, body) and scores(path, self._service):
                try:
                    calls[place] = _call(environ, body), _form(environ, path, self._scoring)
                except Exception as error:  # noqa: BLE001  # The others are not to blame for it.
                    replies[place] = error
        if calls:
            for place, reply in zip(calls, self._replies(list(calls.values())), strict=True):
                replies[place] = _packed(reply, asked[place][0])
        return replies

    def _is_quick(self, environ: Environ, body: bytes) -> bool:
        # A few bytes may be packed from many.
        pace = self._pace
        return (
            pace is not None
            and pace.is_quick(len(body))
            and _ENCODING not in environ
            and self._is_loaded(environ)
        )

    def _is_loaded(self, environ: Environ) -> bool:
        return self._reads_arrow or ARROW not in environ.get("CONTENT_TYPE", "").lower()

    def _replies(self, calls: Sequence[tuple[Call, Form]]) -> list[Reply]:
        size = len(calls[0][0].body)
        if len(calls) > 1 or size <= SMALL_BYTES:
            return self._scoring.replies_to(calls)
        began = time.thread_time()
        replies = self._scoring.replies_to(calls)
        self._learn(size, replies[0], began)
        return replies

    def _learn(self, size: int, reply: Reply, began: float) -> None:
        if self._pace is not None:
            self._pace.took(size, time.thread_time() - began, scored=reply.status == 200)

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


def reply_to(environ: Environ, path: str, scoring: Scoring) -> Reply:
    """The reply to a scoring call as a WSGI server hands it over."""
    get = environ.get
    limit = scoring.served.limit_bytes
    # Without a length the server marks where the body ends, as it does for chunks.
    length = get("CONTENT_LENGTH") or ""
    wanted = int(length) if length.isdecimal() else limit + 1
    body = b"" if length and wanted > limit else environ["wsgi.input"].read(wanted)
    too_large = (length and wanted > limit) or len(body) > limit
    if (encoding := get(_ENCODING)) and not too_large:
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
    call, form = _call(environ, body), _form(environ, path, scoring)
    return _packed(scoring.reply_to(call, form), environ)


def _form(environ: Environ, path: str, scoring: Scoring) -> Form:
    """The form of a call, by its path and headers."""
    if path == "/score" and environ.get("CONTENT_TYPE") == JSON:
        return scoring.native
    served = scoring.served
    header = partial(_header, environ)
    return form_of(path, header, scoring.decoder, served.version, served.outputs)


def _call(environ: Environ, body: bytes) -> Call:
    """A request whose body has been read, for scoring."""
    get = environ.get
    return Call(
        body=body,
        authorization=get("HTTP_AUTHORIZATION", ""),
        captured_at=get("HTTP_X_SCIENCEOPS_CAPTURED_AT", ""),
        capture=get("HTTP_X_SCIENCEOPS_CAPTURE", ""),
        # The gateway says it in its own header, a direct caller as it would to the gateway.
        correlation=(get("HTTP_X_SCIENCEOPS_CORRELATION_ID", "") or get("HTTP_X_REQUEST_ID", ""))[
            :LONGEST_CORRELATION
        ],
        trace=get("HTTP_TRACEPARENT", ""),
    )


def _packed(reply: Reply, environ: Environ) -> Reply:
    """A V2 reply as its client takes it: these ask on purpose, others do by habit and lose time."""
    # Triton's client reads errors as they come.
    if reply.status != 200 or not environ["PATH_INFO"].endswith("/infer"):
        return reply
    from scorer_container.protocols.encoding import packed, wanted

    encoding = wanted(environ.get("HTTP_ACCEPT_ENCODING", ""))
    if not encoding:
        return reply
    headers = {**reply.headers, "Content-Encoding": encoding, "Vary": "Accept-Encoding"}
    return Reply(reply.status, reply.content_type, packed(reply.body, encoding), headers)


def _header(environ: Environ, name: str) -> str:
    key = name.upper().replace("-", "_")
    found = environ.get(key if key == "CONTENT_TYPE" else f"HTTP_{key}", "")
    return str(found)
