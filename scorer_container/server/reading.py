"""Reading: requests of one client out of the bytes that it sends. Source: RFC 9112."""

import logging
from abc import ABC, abstractmethod

from httptools import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserUpgrade,
    HttpRequestParser,
)

from scienceops.problems import Problem, problem
from scorer_container.server.wsgi import Environ, environ_of

log = logging.getLogger(__name__)

#: (environ, body, whether the connection goes on).
Asked = tuple[Environ, bytes, bool]
#: Of what comes in a row and is no body: a request's line and headers, or trailers.
HEAD_BYTES = 64 * 1024
#: Of a piece of a body that is kept as it came.
PIECE_BYTES = 16 * 1024


class Reading(ABC):
    """What the parser calls; who inherits from it says what becomes of a request.

    base: what the environs of all requests have in common. limit_bytes: of a body.
    """

    def __init__(self, base: Environ, limit_bytes: int) -> None:
        self._base = base
        self._limit_bytes = limit_bytes
        self._parser = HttpRequestParser(self)
        #: Whether the client sends no other request.
        self._said_all = False
        #: Bytes thrown away, once nothing more is taken; -1 until then.
        self._drained = -1
        self._start()

    @abstractmethod
    def take(self, request: Asked) -> None:
        """Answer a request that is whole, or cut off."""

    @abstractmethod
    def refuse(self, told: Problem) -> None:
        """Answer with a problem to what is being read, and read no more of it."""

    @abstractmethod
    def let_send(self, environ: Environ) -> None:
        """Let a client send its body, if it waits for leave."""

    @abstractmethod
    def abort(self) -> None:
        """Close now."""

    @property
    def is_read(self) -> bool:
        """Whether some of a request has come, and not all."""
        some = self._head_bytes > 0 or bool(self._url) or self._environ is not None
        return some and self._drained < 0

    def _start(self) -> None:
        """Be ready for the next request."""
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        self._environ: Environ | None = None
        #: The body, in the pieces it came in; small ones are put together.
        self._pieces: list[bytes | bytearray] = []
        self._size = 0
        #: Times that it was looked for, and found the same request being read.
        self.reading = 0

    def _read(self, data: bytes) -> None:
        """Some of a request, or of several."""
        self._head_bytes += len(data)
        try:
            try:
                self._parser.feed_data(data)
            except HttpParserUpgrade as offer:
                self._decline(memoryview(data)[offer.args[0] :])
        except HttpParserCallbackError:
            # A fault of this server's own.
            log.exception("a request was not read")
            self.abort()
        except HttpParserError as error:
            # What follows the request that was to be the last is nobody's.
            if self._drained < 0 and not self._said_all:
                detail = f"this is no HTTP/1.1: {error}; send the request anew"
                self.refuse(problem(400, "BadRequest", detail))
        else:
            if self._head_bytes > HEAD_BYTES and self._drained < 0:
                detail = f"headers or trailers are over {HEAD_BYTES} bytes; send fewer"
                self.refuse(problem(431, "HeadersTooLarge", detail))

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
        elif int(length) > self._limit_bytes:
            self._cut_off(environ)
            return
        if "HTTP_EXPECT" in environ:
            self.let_send(environ)

    def on_body(self, data: bytes) -> None:
        """Some of a body."""
        environ = self._environ
        if self._drained >= 0 or environ is None:
            return
        self._head_bytes = 0
        self._size += len(data)
        last = self._pieces[-1] if self._pieces else None
        if last is None or len(last) >= PIECE_BYTES:
            self._pieces.append(data)
        elif isinstance(last, bytearray):
            last += data
        else:
            # One by one, small pieces would take many times the room.
            self._pieces[-1] = bytearray(last) + data
        if self._size > self._limit_bytes:
            self._cut_off(environ)

    def on_message_complete(self) -> None:
        """A request is whole."""
        environ = self._environ
        if self._drained >= 0 or environ is None:
            return
        body = self._body()
        environ["CONTENT_LENGTH"] = str(len(body))
        goes_on = self._parser.should_keep_alive()
        if not goes_on:
            self._said_all = True
        elif environ["SERVER_PROTOCOL"] != "HTTP/1.1":
            # One of HTTP/1.0 goes on only where both say so, and few know how.
            goes_on = False
        self._start()
        self.take((environ, body, goes_on))

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

    def _cut_off(self, environ: Environ) -> None:
        """Let the app refuse a body that is too large."""
        self._drained = 0
        environ.setdefault("CONTENT_LENGTH", str(self._limit_bytes + 1))
        self.take((environ, self._body()[: self._limit_bytes + 1], False))

    def _body(self) -> bytes:
        return b"".join(self._pieces)
