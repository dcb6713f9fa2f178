"""Worker: accepts clients of the socket it shares with others, and answers until SIGTERM."""

import asyncio
import gc
import signal
import socket
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import uvloop

from scienceops.problems import problem
from scorer_container.server.connection import Connection
from scorer_container.server.reading import Asked
from scorer_container.server.wsgi import Face, answer_of, base_of, quick_answers_of

BACKLOG = 1024
#: How often clients are looked at, and how many looks in a row one may be quiet: 75 seconds and a
#: look more, before which a gateway gives up its idle connections.
LOOK_SECONDS = 15.0
MOST_QUIET = 5
#: Looks that one request may take to come.
MOST_READING = 20
#: Requests that are answered together, before others are, and the bytes of their bodies.
MOST_TOGETHER = 32
TOGETHER_BYTES = 64 * 1024
#: Before a worker without file descriptors to spare looks for another client.
REST_SECONDS = 0.5
#: For what has been sent to a worker that ends, and was not read yet.
LATE_SECONDS = 0.1
#: For the request of a client that was accepted while the worker ends.
LAST_SECONDS = 1.0


class Worker:
    """One process's event loop, and the threads for answers that take longer."""

    def __init__(self, face: Face, listener: socket.socket, threads: int) -> None:
        self.face = face
        #: Whether it is to end.
        self.drains = False
        self._listener = listener
        self._threads = ThreadPoolExecutor(threads, "answers")
        self._connections: set[Connection] = set()
        self._opening: set[asyncio.Task[object]] = set()
        #: Connections with something to answer.
        self._ready: list[Connection] = []
        self._loop = uvloop.new_event_loop()
        self._is_tcp = listener.family != socket.AF_UNIX
        address = listener.getsockname()
        host, port = map(str, address[:2]) if self._is_tcp else ("localhost", "0")
        self._base = base_of(host, port)

    def run(self) -> None:
        """Serve until SIGTERM, then let every answer out."""
        loop = self._loop
        asyncio.set_event_loop(loop)
        loop.call_soon(self._begin)
        # What has been loaded stays: there is no use in looking through it for garbage.
        gc.freeze()
        loop.run_forever()
        self._threads.shutdown()
        loop.close()

    def _begin(self) -> None:
        # A loop that does not run yet would miss a signal; until here, one ends the process.
        self._loop.add_signal_handler(signal.SIGTERM, self._drain)
        self._listener.setblocking(False)
        self._listener.listen(BACKLOG)
        self._loop.add_reader(self._listener, self._accept)
        self._loop.call_later(LOOK_SECONDS, self._look)

    @property
    def has_others(self) -> bool:
        """Whether there is more than one client, so that some may have asked at once."""
        return len(self._connections) > 1

    def answer_soon(self, connection: Connection) -> None:
        """Answer what a connection asked, once all is read that came meanwhile.

        What is read, scored and sent by turns costs twice as much: each pushes the others' code and
        data out of the processor's caches. And what is asked at once is scored by one predict.
        """
        if not self._ready:
            self._loop.call_soon(self._answer_ready)
        self._ready.append(connection)

    def _answer_ready(self) -> None:
        ready, self._ready = self._ready, []
        # Without those whose clients have left.
        waiting = deque((one, one.asked) for one in ready if one.asked is not None)
        while waiting:
            together = _take(waiting)
            asked = [(environ, body) for _, (environ, body, _) in together]
            answers = quick_answers_of(self.face, asked)
            for (connection, (*_, goes_on)), answer in zip(together, answers, strict=True):
                if answer is None:
                    self.answer_later(connection)
                else:
                    connection.came(answer, goes_on)

    def answer_later(self, connection: Connection) -> None:
        """Answer what a connection asked in a thread, and tell it."""
        self._threads.submit(self._answer, connection)

    def _answer(self, connection: Connection) -> None:
        """In a thread."""
        asked = connection.asked
        if asked is None:
            # Its client has left, and others wait.
            return
        environ, body, goes_on = asked
        answer = answer_of(self.face, environ, body)
        self._loop.call_soon_threadsafe(connection.came, answer, goes_on)

    def later(self, seconds: float, act: Callable[..., None], *values: object) -> None:
        """Act in the event loop, but not yet."""
        self._loop.call_later(seconds, act, *values)

    def opened(self, connection: Connection) -> None:
        """A connection is there."""
        self._connections.add(connection)
        if self.drains:
            self._loop.call_later(LAST_SECONDS, connection.end)

    def closed(self, connection: Connection) -> None:
        """A connection has gone."""
        self._connections.discard(connection)
        self._end_if_done()

    def _accept(self) -> bool:
        """Take one client, so that those who come at once are shared among the workers."""
        try:
            line, _ = self._listener.accept()
        except BlockingIOError:
            return False
        except ConnectionError:
            # It has left again; another may wait.
            return True
        except OSError:
            # No file descriptor is left; clients wait in the backlog.
            if not self.drains:
                self._loop.remove_reader(self._listener)
                self._loop.call_later(REST_SECONDS, self._accept_on)
            return False
        line.setblocking(False)
        if self._is_tcp:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        make = partial(Connection, self, self._base)
        opening = self._loop.create_task(self._loop.connect_accepted_socket(make, line))
        self._opening.add(opening)
        opening.add_done_callback(self._was_opened)
        return True

    def _accept_on(self) -> None:
        if not self.drains:
            self._loop.add_reader(self._listener, self._accept)

    def _was_opened(self, opening: "asyncio.Task[object]") -> None:
        self._opening.discard(opening)
        opening.exception()
        self._end_if_done()

    def _look(self) -> None:
        self._loop.call_later(LOOK_SECONDS, self._look)
        for connection in list(self._connections):
            if connection.has_moved():
                connection.quiet = 0
                continue
            connection.quiet += 1
            connection.reading += connection.is_read
            if connection.quiet > MOST_QUIET:
                connection.abort()
            elif connection.reading > MOST_READING:
                seconds = round(LOOK_SECONDS * MOST_READING)
                detail = f"the request did not come whole within {seconds} s; send less at a time"
                connection.refuse(problem(408, "RequestTimeout", detail))

    def _drain(self) -> None:
        if self.drains:
            return
        self.drains = True
        self._loop.remove_reader(self._listener)
        # Whoever is in the backlog takes this for a server that answers.
        while self._accept():
            pass
        self._listener.close()
        for connection in self._connections:
            self._loop.call_later(LATE_SECONDS, connection.end)
        self._end_if_done()

    def _end_if_done(self) -> None:
        if self.drains and not self._connections and not self._opening:
            self._loop.stop()


def _take(waiting: "deque[tuple[Connection, Asked]]") -> "list[tuple[Connection, Asked]]":
    """The first ones, as many as are answered together."""
    taken = [waiting.popleft()]
    size = len(taken[0][1][1])
    while waiting and len(taken) < MOST_TOGETHER:
        size += len(waiting[0][1][1])
        if size > TOGETHER_BYTES:
            break
        taken.append(waiting.popleft())
    return taken
