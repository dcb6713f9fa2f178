"""Scorer client: HTTP to a scorer over kept-alive connections, by Unix socket, TCP or TLS."""

import http.client
import math
import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from scienceops.bodies import PIECE_BYTES, Body, gather
from scienceops.errors import ServiceNotReady
from scienceops.ports.service_runtime import Reply

#: Idle connections kept per scorer; a busy gateway opens more and closes them again.
KEPT = 32
#: Shorter than the scorer's own keep-alive, so that it is we who close an idle connection.
IDLE_SECONDS = 30

_BACKLOG_FULL_SECONDS = 0.005
_TLS = "https://"


class NotReached(ServiceNotReady):
    """No byte of the request was sent: another scorer may be asked instead."""


class _Connection(http.client.HTTPConnection):
    """An HTTP connection to `unix:PATH`, `HOST:PORT` or `https://HOST[:PORT]`.

    It knows whether it has sent a byte. tls: what HTTPS goes by.
    """

    def __init__(self, endpoint: str, tls: ssl.SSLContext | None) -> None:
        self._path = endpoint.removeprefix("unix:") if endpoint.startswith("unix:") else ""
        self._tls = tls
        if tls is not None:
            self.default_port = http.client.HTTPS_PORT
        super().__init__("localhost" if self._path else endpoint.removeprefix(_TLS))
        self.has_sent = False
        self.idle_since = 0.0

    def open(self, end: float) -> None:
        """Connect before the moment `end`."""
        if not self._path:
            self.timeout = _left(end)
            self.connect()
            if self._tls is not None:
                self.limit(end)
                self.sock = self._tls.wrap_socket(self.sock, server_hostname=self.host)
            return
        self.sock = socket.socket(socket.AF_UNIX)
        self.limit(end)
        while True:
            try:
                self.sock.connect(self._path)
            except BlockingIOError:
                # A Unix socket does not wait for a place in the backlog; it says so at once.
                time.sleep(min(_BACKLOG_FULL_SECONDS, _left(end)))
            else:
                return

    def limit(self, end: float) -> None:
        """Let the next step take until `end`; raises TimeoutError when that has passed."""
        self.sock.settimeout(_left(end))

    def within(self, end: float, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The pieces, while there is time: each may take what is left of it, all together too."""
        for piece in pieces:
            self.limit(end)
            yield piece

    def send(self, data: bytes) -> None:  # type: ignore[override]  # Callers here send bytes.
        """Send, noting that the scorer may have begun to act on it."""
        rest = memoryview(data)
        while rest:
            sent = self.sock.send(rest)
            self.has_sent = True
            rest = rest[sent:]

    def is_quiet(self) -> bool:
        """Whether an idle connection is still open with nothing to read."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return not poll.poll(0)


class ScorerClient:
    """A pool of connections per endpoint, for all threads of a process.

    tls: what HTTPS goes by; the machine's own authorities unless given. connect_seconds: the most
    that connecting takes, of the time for the whole call.
    """

    def __init__(
        self, tls: ssl.SSLContext | None = None, *, connect_seconds: float = math.inf
    ) -> None:
        self._tls = tls
        self._connect_seconds = connect_seconds
        self._idle: dict[str, list[_Connection]] = {}
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._pruned_at = 0.0

    def __del__(self) -> None:
        for idle in self._idle.values():
            for connection in idle:
                connection.close()

    def call(
        self,
        endpoint: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Body,
        timeout_seconds: float,
    ) -> Reply:
        """One request and its reply, as ServiceRuntime.call promises; raises NotReached, which is
        ServiceNotReady, when nothing was sent."""
        end = time.monotonic() + timeout_seconds
        kept = self._take(endpoint)
        while True:
            connection = kept or _Connection(endpoint, self._tls_of(endpoint))
            try:
                if kept is None:
                    connection.open(min(end, time.monotonic() + self._connect_seconds))
                return self._exchange(endpoint, connection, method, path, headers, body, end)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                # The scorer may close an idle connection just as it is taken up again.
                if kept is not None and not connection.has_sent:
                    kept = None
                    continue
                kind = ServiceNotReady if connection.has_sent else NotReached
                raise kind(
                    f"the scorer at {endpoint} did not answer ({_explain(error)})"
                ) from error
            except BaseException:
                # In the middle of a reply, which nobody would read to its end.
                connection.close()
                raise

    def _exchange(
        self,
        endpoint: str,
        connection: _Connection,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Body,
        end: float,
    ) -> Reply:
        connection.limit(end)
        sent: bytes | Iterable[bytes] = body
        told = dict(headers)
        if not isinstance(body, bytes):
            sent, told["Content-Length"] = connection.within(end, body), str(len(body))
        connection.request(method, path, body=sent, headers=told)
        response = connection.getresponse()
        first = response.read1(PIECE_BYTES)
        # Most replies came in one piece, which costs no more than that.
        done = response.length == 0
        content = first if done else gather(chain((first,), _pieces(response, connection, end)))
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        response.close()
        headers = {name.lower(): value for name, value in response.getheaders()}
        reply = Reply(response.status, headers, content)
        if connection.sock is not None:
            self._give_back(endpoint, connection)
        return reply

    def _tls_of(self, endpoint: str) -> ssl.SSLContext | None:
        if not endpoint.startswith(_TLS):
            return None
        if self._tls is None:
            # Reads every authority's certificate: once, and not where no scorer is called so.
            self._tls = ssl.create_default_context()
        return self._tls

    def _take(self, endpoint: str) -> _Connection | None:
        with self._lock:
            if self._pid != os.getpid():
                # Shared with the parent of a fork, who may be in the middle of a reply.
                self._pid, self._idle = os.getpid(), {}
            idle = self._idle.get(endpoint, [])
            while idle:
                connection = idle.pop()
                fresh = time.monotonic() - connection.idle_since < IDLE_SECONDS
                if fresh and connection.is_quiet():
                    connection.has_sent = False
                    return connection
                connection.close()
        return None

    def _give_back(self, endpoint: str, connection: _Connection) -> None:
        connection.idle_since = time.monotonic()
        with self._lock:
            self._prune(connection.idle_since)
            idle = self._idle.setdefault(endpoint, [])
            if len(idle) < KEPT:
                idle.append(connection)
                return
        connection.close()

    def _prune(self, now: float) -> None:
        # Scorers that were replaced are never called again; their connections would stay open.
        if now - self._pruned_at < IDLE_SECONDS:
            return
        self._pruned_at = now
        for endpoint, idle in list(self._idle.items()):
            for connection in idle:
                if now - connection.idle_since >= IDLE_SECONDS:
                    connection.close()
            self._idle[endpoint] = [kept for kept in idle if kept.sock is not None]
            if not self._idle[endpoint]:
                del self._idle[endpoint]


def _pieces(
    response: http.client.HTTPResponse, connection: _Connection, end: float
) -> Iterator[bytes]:
    """The rest of a reply; each read may take what is left of the time, all together too."""
    while not response.isclosed():
        if connection.sock is not None:
            connection.limit(end)
        if not (piece := response.read1(PIECE_BYTES)):
            return
        yield piece


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def _explain(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it took longer than the time given"
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        return "nothing listens there"
    return f"it ended the connection: {type(error).__name__}"
