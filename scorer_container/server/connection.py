"""Connection: requests of one client, read whole and answered in the order they came in."""

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from httptools import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserUpgrade,
    HttpRequestParser,
)

from scienceops.problems import Problem, problem
from scorer_container.server.wsgi import Answer, Environ, environ_of, quick_answer_of, refusal

if TYPE_CHECKING:
    from scorer_container.server.worker import Worker

log = logging.getLogger(__name__)

#: (environ, body, whether the connection goes on), or what is answered to one that is none.
_Request = tuple[Environ, bytes, bool] | Answer
#: Of a request's line and headers.
HEAD_BYTES = 64 * 1024
#: What is still read, and thrown away, of a request that was refused before it was read whole, so
#: that its client gets to read the answer.
DRAINED_BYTES = 64 * 1024 * 1024
#: What ends the head of an answer that nothing follows.
_LAST = b"connection: close\r\n\r\n"
_OFFERS = frozenset({b"upgrade", b"connection"})


class Connection(asyncio.Protocol):
    """What the event loop calls for one client, and the parser for one request."""

    def __init__(self, worker: "Worker", base: Environ) -> None:
        self._worker = worker
        self._base = base
        self._parser = HttpRequestParser(self)
        self._transport: Any = None
        #: Times that the worker looked and found nothing new of the client.
        self.quiet = 0
        #: Times that it looked and found the same request being read.
        self.reading = 0
        self._unsent = 0
        self._start()
        #: What came before its turn.
        self._ahead: deque[_Request] = deque()
        self._busy = False
        self._blocked = False
        self._said_all = False
        self._drained = -1

    def _start(self) -> None:
        """Be ready for the next request."""
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        self._environ: Environ | None = None
        self._body: list[bytes] = []
        self._body_bytes = 0
        self.reading = 0

    # Of the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = transport
        self._worker.opened(self)

    def connection_lost(self, _error: Exception | None) -> None:
        """The client has gone; an answer that is being made goes nowhere."""
        self._ahead.clear()
        self._worker.closed(self)

    def eof_received(self) -> bool:
        """The client sends no more; it may still read."""
        self._said_all = True
        return self._busy or bool(self._ahead)

    def pause_writing(self) -> None:
        """The client reads too slowly."""
        self._blocked = True

    def resume_writing(self) -> None:
        """It has caught up."""
        self._blocked = False
        self._go_on()

    def data_received(self, data: bytes) -> None:
        """Some of a request, or of several."""
        self.quiet = 0
        if self._drained >= 0:
            self._drained += len(data)
            if self._drained > DRAINED_BYTES:
                self._transport.abort()
            return
        self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as other:
            self._decline(data[other.args[0] :])
        except HttpParserCallbackError:
            # A fault of this server's own.
            log.exception("a request was not read")
            self._transport.abort()
        except HttpParserError as error:
            if self._drained < 0:
                detail = f"this is no HTTP/1.1: {error}; send the request anew"
                self.refuse(problem(400, "BadRequest", detail))
        else:
            if self._environ is None and self._head_bytes > HEAD_BYTES:
                detail = f"line and headers are over {HEAD_BYTES} bytes; send fewer headers"
                self.refuse(problem(431, "HeadersTooLarge", detail))

    # Of the parser.

    def on_url(self, url: bytes) -> None:
        """Some of a request's target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer after a body in chunks, which nobody asked for."""
        if self._environ is None:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """A request whose body is yet to come."""
        if self._drained >= 0:
            return
        if self._parser.should_upgrade():
            return
        method, version = self._parser.get_method(), self._parser.get_http_version()
        environ = environ_of(self._base, method, self._url, version, self._headers)
        self._environ = environ
        if int(environ.get("CONTENT_LENGTH") or 0) > self._worker.face.limit_bytes:
            self._cut_off(environ)
        elif "HTTP_EXPECT" in environ and not self._waits:
            # 100-continue is the only thing that may be expected.
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, data: bytes) -> None:
        """Some of a body."""
        environ = self._environ
        if self._drained >= 0 or environ is None:
            return
        self._body.append(data)
        self._body_bytes += len(data)
        if self._body_bytes > self._worker.face.limit_bytes:
            self._cut_off(environ)

    def on_message_complete(self) -> None:
        """A request is whole."""
        environ = self._environ
        if self._drained >= 0 or environ is None:
            return
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        environ["CONTENT_LENGTH"] = str(len(body))
        # One of HTTP/1.0 goes on only where both say so, and few know how.
        goes_on = self._parser.should_keep_alive() and environ["SERVER_PROTOCOL"] == "HTTP/1.1"
        self._start()
        self._take((environ, body, goes_on))

    # Of this server.

    @property
    def is_read(self) -> bool:
        """Whether some of a request has come, and not all."""
        return self._head_bytes > 0 or bool(self._url) or self._environ is not None

    @property
    def _waits(self) -> bool:
        return self._busy or self._blocked or bool(self._ahead)

    def has_moved(self) -> bool:
        """Whether an answer is being made, or the client has read of one since this was asked."""
        before, self._unsent = self._unsent, self._transport.get_write_buffer_size()
        return self._busy or 0 < self._unsent != before

    def end(self) -> None:
        """Close, unless there is something to answer first."""
        if not (self._busy or self._ahead or self.is_read):
            self._transport.close()

    def abort(self) -> None:
        """Close now."""
        self._transport.abort()

    def refuse(self, told: Problem) -> None:
        """Answer with a problem to what is being read, and read no more of it."""
        self._drained = 0
        self._take(refusal(told))

    def _decline(self, rest: bytes) -> None:
        """Read a request as if it made no offer to speak something else, as one may.

        The parser takes the bytes after its head for that other protocol's, its body included.
        """
        method, url, headers = self._parser.get_method(), self._url, self._headers
        self._parser = HttpRequestParser(self)
        self._start()
        if method == b"CONNECT":
            self.refuse(problem(405, "MethodNotAllowed", "this is no proxy; ask it for a path"))
            return
        kept = [line for line in headers if line[0].lower() not in _OFFERS]
        lines = [b"%s %s HTTP/1.1" % (method, url), *(b"%s: %s" % line for line in kept)]
        self.data_received(b"\r\n".join(lines) + b"\r\n\r\n" + rest)

    def _cut_off(self, environ: Environ) -> None:
        """Let the app refuse a body that is too large."""
        limit = self._worker.face.limit_bytes
        self._drained = 0
        environ.setdefault("CONTENT_LENGTH", str(limit + 1))
        self._take((environ, b"".join(self._body)[: limit + 1], False))

    def _take(self, request: _Request) -> None:
        """Answer, once it is its turn."""
        if self._waits:
            self._ahead.append(request)
            # Nothing further is held in memory.
            self._transport.pause_reading()
        else:
            self._ask(request)

    def _ask(self, request: _Request) -> None:
        if isinstance(request, Answer):
            self._send(request, False)
            return
        environ, body, goes_on = request
        # A body that was cut off is not there to be answered.
        whole = self._drained < 0
        if whole and (answer := quick_answer_of(self._worker.face, environ, body)):
            self._send(answer, goes_on)
        else:
            self._busy = True
            self._worker.answer_later(self, environ, body, goes_on)

    def came(self, answer: Answer, goes_on: bool) -> None:
        """An answer that took longer is here."""
        self._busy = False
        if not self._transport.is_closing():
            self._send(answer, goes_on)
            self._go_on()

    def _go_on(self) -> None:
        while self._ahead and not (self._busy or self._blocked or self._transport.is_closing()):
            self._ask(self._ahead.popleft())
        if not self._ahead and not self._transport.is_closing():
            self._transport.resume_reading()

    def _send(self, answer: Answer, goes_on: bool) -> None:
        goes_on = goes_on and not (self._worker.drains or self._said_all)
        head, body = answer
        self._transport.write(head + (b"\r\n" if goes_on else _LAST) + body)
        if goes_on:
            return
        if self._drained < 0:
            self._transport.close()
        elif not self._ahead:
            # More may be under way, and closing before it is read takes the answer back.
            self._transport.write_eof()
