"""Load: keep-alive clients over plain sockets, lean enough not to be what is measured."""

import selectors
import socket
import struct
import time
from dataclasses import dataclass

#: A server that says nothing for so long has failed.
STALL_SECONDS = 60.0
#: The largest answer to one client.
ROOM_BYTES = 1 << 24


@dataclass(frozen=True)
class Loaded:
    """What the clients saw: answers, seconds in all, milliseconds of each answer, sorted."""

    answers: int
    seconds: float
    milliseconds: list[float]

    def percentile(self, share: float) -> float:
        """Milliseconds that this share of the answers took at most."""
        return self.milliseconds[min(len(self.milliseconds) - 1, int(share * self.answers))]


def load(port: int, request: bytes, *, clients: int, seconds: float) -> Loaded:
    """Send the request again and again from so many connections, until there is an answer at least.

    Raises ConnectionError on any other than a 200 and on a line that is closed, TimeoutError when
    no line says anything for STALL_SECONDS.
    """
    if clients == 1:
        return _load_alone(port, request, seconds)
    chosen = selectors.DefaultSelector()
    lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(clients)]
    sent: dict[int, float] = {}
    pending: dict[int, bytes] = {}
    taken: list[float] = []
    for line in lines:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        chosen.register(line, selectors.EVENT_READ, line)
    began = time.perf_counter()
    for line in lines:
        sent[line.fileno()] = time.perf_counter()
        line.sendall(request)
    while time.perf_counter() < began + seconds or not taken:
        ready = chosen.select(STALL_SECONDS)
        if not ready:
            raise TimeoutError(f"no answer within {STALL_SECONDS:g} s to {clients} clients")
        for key, _ in ready:
            line = key.fileobj
            assert isinstance(line, socket.socket)
            number = line.fileno()
            piece = line.recv(1 << 20)
            # What follows is the client's own time.
            came = time.perf_counter()
            if not piece:
                raise ConnectionError("the server closed a connection under load")
            data = pending.pop(number, b"") + piece
            if not _is_whole(data):
                pending[number] = data
                continue
            taken.append((came - sent[number]) * 1000)
            sent[number] = time.perf_counter()
            line.sendall(request)
    for line in lines:
        line.close()
    return Loaded(len(taken), time.perf_counter() - began, sorted(taken))


def _load_alone(port: int, request: bytes, seconds: float) -> Loaded:
    """The same from one connection, of which there is no need to ask whether it has something."""
    taken: list[float] = []
    room = memoryview(bytearray(ROOM_BYTES))
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The kernel's own limit: Python's would look at the line before each read.
        limit = struct.pack("ll", round(STALL_SECONDS), 0)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        began = time.perf_counter()
        while time.perf_counter() < began + seconds or not taken:
            have, is_whole = 0, False
            sent = came = time.perf_counter()
            line.sendall(request)
            while not is_whole:
                try:
                    size = line.recv_into(room[have:])
                except BlockingIOError:
                    raise TimeoutError(f"no answer within {STALL_SECONDS:g} s") from None
                came = time.perf_counter()
                if not size:
                    raise ConnectionError("the server closed the connection under load")
                have += size
                is_whole = _is_whole(room[:have].tobytes())
            taken.append((came - sent) * 1000)
        ended = time.perf_counter()
    return Loaded(len(taken), ended - began, sorted(taken))


def ask(port: int, request: bytes) -> bytes:
    """The body of one answer; raises OSError while nobody listens."""
    with socket.create_connection(("127.0.0.1", port), STALL_SECONDS) as line:
        line.sendall(request)
        data = b""
        while not _is_whole(data):
            piece = line.recv(1 << 20)
            if not piece:
                raise ConnectionError(f"the server closed the connection after {data[:200]!r}")
            data += piece
        return data.partition(b"\r\n\r\n")[2]


def request_of(path: str, body: bytes, kind: str = "application/json", **headers: str) -> bytes:
    """The bytes of a POST."""
    named = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: {kind}\r\n{named}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _is_whole(data: bytes) -> bool:
    head, mark, body = data.partition(b"\r\n\r\n")
    if not mark:
        return False
    if not head.startswith(b"HTTP/1.1 200"):
        raise ConnectionError(f"the server answered {data[:300]!r}")
    for line in head.lower().split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return len(body) >= int(value)
    return body.endswith(b"0\r\n\r\n")
