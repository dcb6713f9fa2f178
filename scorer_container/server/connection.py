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
from scorer_container.server.lingering import DRAINED_BYTES, linger
from scorer_container.server.wsgi import Answer, Environ, environ_of, quick_answer_of, refusal

if TYPE_CHECKING:
    from scorer_container.server.worker import Worker

log = logging.getLogger(__name__)

#: (environ, body, whether the connection goes on).
Asked = tuple[Environ, bytes, bool]
#: Of what comes in a row and is no body: a request's line and headers, or trailers.
HEAD_BYTES = 64 * 1024
#: What ends the head of an answer that nothing follows.
_LAST = b"connection: close\r\n\r\n"


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
        #: What came before its turn; an answer is that to what is no request.
        self._ahead: deque[Asked | Answer] = deque()
        #: What a thread is to answer.
        self.asked: Asked | None = None
        self._blocked = False
        #: Whether the client sends no other request.
        self._said_all = False
        #: Whether the last answer was sent.
        self._told_all = False
        #: Bytes thrown away, once nothing more is taken; -1 until then.
        self._drained = -1

    def _start(self) -> None:
        """Be ready for the next request."""
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        self._environ: Environ | None = None
        self._body: bytes | bytearray = b""
        self.reading = 0

    # Of the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = transport
        self._worker.opened(self)

    def connection_lost(self, _error: Exception | None) -> None:
        """The client has gone; what it asked need not be answered."""
        self._ahead.clear()
        self.asked = None
        self._worker.closed(self)

    def eof_received(self) -> bool:
        """The client sends no more; it may still read."""
        self._said_all = True
        return self.asked is not None or bool(self._ahead)

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
            try:
                self._parser.feed_data(data)
            except HttpParserUpgrade as offer:
                self._decline(memoryview(data)[offer.args[0] :])
        except HttpParserCallbackError:
            # A fault of this server's own.
            log.exception("a request was not read")
            self._transport.abort()
        except HttpParserError as error:
            # What follows the request that was to be the last is nobody's.
            if self._drained < 0 and not self._said_all:
                detail = f"this is no HTTP/1.1: {error}; send the request anew"
                self.refuse(problem(400, "BadRequest", detail))
        else:
            if self._head_bytes > HEAD_BYTES and self._drained < 0:
                detail = f"headers or trailers are over {HEAD_BYTES} bytes; send fewer"
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
        length = environ.get("CONTENT_LENGTH")
        if length is None:
            coding = environ.get("HTTP_TRANSFER_ENCODING", "chunked")
            if coding.lower() != "chunked":
                detail = f"the transfer coding {coding!r} is not known here; send it as chunked"
                self.refuse(problem(501, "NotImplemented", detail))
                return
        elif int(length) > self._worker.face.limit_bytes:
            self._cut_off(environ)
            return
        if "HTTP_EXPECT" in environ:
            self._let_send(environ)

    def on_body(self, data: bytes) -> None:
        """Some of a body."""
        environ = self._environ
        if self._drained >= 0 or environ is None:
            return
        self._head_bytes = 0
        if not self._body:
            self._body = data
        elif isinstance(self._body, bytearray):
            self._body += data
        else:
            # One by one, small pieces would take many times the room.
            self._body = bytearray(self._body) + data
        if len(self._body) > self._worker.face.limit_bytes:
            self._cut_off(environ)

    def on_message_complete(self) -> None:
        """A request is whole."""
        environ = self._environ
        if self._drained >= 0 or environ is None:
            return
        body = bytes(self._body)
        environ["CONTENT_LENGTH"] = str(len(body))
        goes_on = self._parser.should_keep_alive()
        if not goes_on:
            self._said_all = True
        elif environ["SERVER_PROTOCOL"] != "HTTP/1.1":
            # One of HTTP/1.0 goes on only where both say so, and few know how.
            goes_on = False
        self._start()
        self._take((environ, body, goes_on))

    # Of this server.

    @property
    def is_read(self) -> bool:
        """Whether some of a request has come, and not all."""
        some = self._head_bytes > 0 or bool(self._url) or self._environ is not None
        return some and self._drained < 0

    @property
    def _waits(self) -> bool:
        return self.asked is not None or self._blocked or bool(self._ahead)

    def has_moved(self) -> bool:
        """Whether an answer is being made, or the client has read of one since this was asked."""
        before, self._unsent = self._unsent, self._transport.get_write_buffer_size()
        return self.asked is not None or 0 < self._unsent != before

    def end(self) -> None:
        """Close, unless there is something to answer first, or the client is to go first."""
        if not (self.asked or self._ahead or self.is_read or self._told_all):
            self._transport.close()

    def abort(self) -> None:
        """Close now."""
        self._transport.abort()

    def refuse(self, told: Problem) -> None:
        """Answer with a problem to what is being read, and read no more of it."""
        self._drained = 0
        self._take(refusal(told))

    def _decline(self, rest: memoryview) -> None:
        """Read requests as if they made no offer to speak something else, as one may.

        The parser takes the bytes after such a head for that other protocol's, the body included.
        """
        while self._drained < 0:
            parser, url, headers = self._parser, self._url, self._headers
            self._parser = HttpRequestParser(self)
            self._start()
            method = parser.get_method()
            if method == b"CONNECT":
                self.refuse(problem(405, "MethodNotAllowed", "this is no proxy; ask it for a path"))
                return
            lines = [b"%s %s HTTP/%s" % (method, url, parser.get_http_version().encode())]
            lines += [b"%s: %s" % line for line in headers if line[0].lower() != b"upgrade"]
            self._parser.feed_data(b"\r\n".join(lines) + b"\r\n\r\n")
            self._head_bytes += len(rest)
            try:
                self._parser.feed_data(rest)
            except HttpParserUpgrade as offer:
                rest = rest[offer.args[0] :]
            else:
                return

    def _let_send(self, environ: Environ) -> None:
        """Let a client send its body, if it waits for leave, once it is its turn."""
        if self._waits or self._drained >= 0:
            return
        expected = environ.pop("HTTP_EXPECT", "").lower()
        if expected == "100-continue" and environ["SERVER_PROTOCOL"] == "HTTP/1.1":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _cut_off(self, environ: Environ) -> None:
        """Let the app refuse a body that is too large."""
        limit = self._worker.face.limit_bytes
        self._drained = 0
        environ.setdefault("CONTENT_LENGTH", str(limit + 1))
        self._take((environ, bytes(self._body[: limit + 1]), False))

    def _take(self, request: Asked | Answer) -> None:
        """Answer, once it is its turn."""
        if self._waits:
            self._ahead.append(request)
            # Nothing further is held in memory.
            self._transport.pause_reading()
        else:
            self._ask(request)

    def _ask(self, request: Asked | Answer) -> None:
        if isinstance(request, Answer):
            self._send(request, False)
            return
        environ, body, goes_on = request
        # The last may have a body that was cut off, and is not there to be answered.
        whole = goes_on or self._drained < 0
        if whole and (answer := quick_answer_of(self._worker.face, environ, body)):
            self._send(answer, goes_on)
        else:
            self.asked = request
            self._worker.answer_later(self)

    def came(self, answer: Answer, goes_on: bool) -> None:
        """An answer that took longer is here."""
        self.asked = None
        if not self._transport.is_closing():
            self._send(answer, goes_on)
            self._go_on()

    def _go_on(self) -> None:
        while self._ahead and not (self.asked or self._blocked or self._transport.is_closing()):
            self._ask(self._ahead.popleft())
        if not self._ahead and not self._transport.is_closing():
            self._transport.resume_reading()
            if self._environ is not None:
                self._let_send(self._environ)

    def _send(self, answer: Answer, goes_on: bool) -> None:
        # Those that were read before the end are answered, too.
        ends = (self._said_all or self._worker.drains) and not self._ahead
        goes_on = goes_on and not ends
        head, body = answer
        self._transport.write(head + (b"\r\n" if goes_on else _LAST) + body)
        if not goes_on:
            self._tell_all()

    def _tell_all(self) -> None:
        """Close; where the client may send more, once it has had time to read the answer."""
        self._drained, self._told_all = max(self._drained, 0), True
        self._ahead.clear()
        if self._said_all:
            self._transport.close()
        else:
            linger(self._transport, self._worker.later, lambda: self._drained)
