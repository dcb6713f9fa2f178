"""Connection: requests of one client, answered in the order they came in."""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from scienceops.problems import Problem, problem
from scorer_container.server.lingering import DRAINED_BYTES, linger
from scorer_container.server.reading import Asked, Reading
from scorer_container.server.wsgi import Answer, Environ, quick_answers_of, refusal

if TYPE_CHECKING:
    from scorer_container.server.worker import Worker

#: Requests of one client that wait.
MOST_AHEAD = 1000
#: What ends the head of an answer that nothing follows.
_LAST = b"connection: close\r\n\r\n"


class Connection(Reading, asyncio.Protocol):
    """What the event loop calls for one client."""

    def __init__(self, worker: "Worker", base: Environ) -> None:
        super().__init__(base, worker.face.limit_bytes)
        self._worker = worker
        self._transport: Any = None
        #: Times that the worker looked and found nothing new of the client.
        self.quiet = 0
        self._unsent = 0
        #: What came before its turn; an answer is that to what is no request.
        self._ahead: deque[Asked | Answer] = deque()
        #: What is to be answered, soon or by a thread.
        self.asked: Asked | None = None
        self._blocked = False
        #: Whether the last answer was sent.
        self._told_all = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = transport
        self._worker.opened(self)

    def connection_lost(self, _error: Exception | None) -> None:
        """The client has gone; what it asked need not be answered."""
        self._ahead.clear()
        self.asked = None
        # Each holds the other, which only the collector of garbage would find.
        del self._parser
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
        else:
            self._read(data)

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
        self.take(refusal(told))

    def let_send(self, environ: Environ) -> None:
        """Let a client send its body, if it waits for leave, once it is its turn."""
        if self._waits or self._drained >= 0:
            return
        expected = environ.pop("HTTP_EXPECT", "").lower()
        if expected == "100-continue" and environ["SERVER_PROTOCOL"] == "HTTP/1.1":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def take(self, request: Asked | Answer) -> None:
        """Answer, once it is its turn."""
        if self._waits:
            self._ahead.append(request)
            if len(self._ahead) == MOST_AHEAD:
                detail = f"{MOST_AHEAD} requests wait for their answers; send fewer ahead of them"
                self.refuse(problem(429, "TooManyRequests", detail))
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
        whole, worker = goes_on or self._drained < 0, self._worker
        if whole and worker.has_others:
            self.asked = request
            worker.answer_soon(self)
            return
        answer = quick_answers_of(worker.face, ((environ, body),))[0] if whole else None
        if answer is not None:
            self._send(answer, goes_on)
        else:
            self.asked = request
            worker.answer_later(self)

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
                self.let_send(self._environ)

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
