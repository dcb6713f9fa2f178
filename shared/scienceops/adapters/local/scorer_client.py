"""Scorer client: HTTP to a scorer over kept-alive connections, by Unix socket or TCP."""

import http.client
import socket
import threading
from collections.abc import Mapping

from scienceops.errors import ServiceNotReady
from scienceops.ports.service_runtime import Reply

#: Idle connections kept per scorer; a busy gateway opens more and closes them again.
KEPT = 32


class _UnixConnection(http.client.HTTPConnection):
    """An HTTP connection whose address is a socket's path."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class ScorerClient:
    """A pool of connections per endpoint: `unix:PATH` or `HOST:PORT`."""

    def __init__(self) -> None:
        self._idle: dict[str, list[http.client.HTTPConnection]] = {}
        self._lock = threading.Lock()

    def call(
        self,
        endpoint: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout_seconds: float,
    ) -> Reply:
        """One request and its reply, as ServiceRuntime.call promises."""
        connection = self._take(endpoint)
        if connection is not None and not _is_quiet(connection):
            # The scorer closed it, or said something out of turn: nothing was sent on it.
            connection.close()
            connection = None
        try:
            if connection is None:
                connection = _open(endpoint, timeout_seconds)
            connection.timeout = timeout_seconds
            if connection.sock is not None:
                connection.sock.settimeout(timeout_seconds)
            connection.request(method, path, body=body, headers=dict(headers))
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            if connection is not None:
                connection.close()
            what = type(error).__name__
            raise ServiceNotReady(f"the scorer at {endpoint} did not answer ({what})") from error
        reply = Reply(response.status, dict(response.getheaders()), content)
        if response.will_close:
            connection.close()
        else:
            self._give_back(endpoint, connection)
        return reply

    def _take(self, endpoint: str) -> http.client.HTTPConnection | None:
        with self._lock:
            idle = self._idle.get(endpoint)
            return idle.pop() if idle else None

    def _give_back(self, endpoint: str, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            idle = self._idle.setdefault(endpoint, [])
            if len(idle) < KEPT:
                idle.append(connection)
                return
        connection.close()


def _open(endpoint: str, timeout: float) -> http.client.HTTPConnection:
    if endpoint.startswith("unix:"):
        connection: http.client.HTTPConnection = _UnixConnection(endpoint[5:], timeout)
    else:
        host, _, port = endpoint.rpartition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=timeout)
    connection.connect()
    return connection


def _is_quiet(connection: http.client.HTTPConnection) -> bool:
    if connection.sock is None:
        return False
    connection.sock.setblocking(False)
    try:
        connection.sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        connection.sock.setblocking(True)
    return False
