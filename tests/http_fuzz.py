"""HTTP fuzz: what odd clients send to the odd app, and what each of them must get back."""

import random
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from http_server import BIG, CLOSE, LIMIT, HttpServer, everything, request


@dataclass
class Talk:
    """The bytes that a client sends, and (status, method, body) of each answer, None for any."""

    sent: bytes = b""
    wanted: list[tuple[int, str, bytes | None]] = field(default_factory=list)
    #: Whether the server must close though the client has not said that it sends no more.
    is_over: bool = False

    def add(self, sent: bytes, status: int, body: bytes | None, method: str = "POST") -> None:
        self.sent += sent
        self.wanted.append((status, method, body))


def drawn(rng: random.Random) -> Talk:
    """Some requests, of which the last may be none."""
    talk = Talk()
    for _ in range(rng.choice([0, 1, 1, 2, 5, 20])):
        _add_request(talk, rng)
    if rng.random() < 0.7:
        _add_last(talk, rng)
        # One that was answered has said that it sends no more, and a head of any length may end.
        if talk.wanted[-1][0] not in (200, 431) and rng.random() < 0.3:
            talk.sent += rng.randbytes(rng.choice([1, 100, 300_000]))
    return talk


def _add_request(talk: Talk, rng: random.Random) -> None:
    path = rng.choice(["/quick", "/quick/raise", "/slow", "/slow/b", "/raise", "/exit", "/letters"])
    if rng.random() < 0.02:
        path = "/big"
    body = rng.randbytes(rng.choice([0, 1, 10, 1000, 20_000, LIMIT]))
    more = rng.choice(
        [{}, {}, {"Expect": "100-continue"}, {"Connection": "Upgrade", "Upgrade": "h2c"}]
    )
    if rng.random() < 0.1:
        talk.sent += b"\r\n"
    if path in ("/quick", "/slow") and rng.random() < 0.4:
        sent = request("POST", path, Transfer_Encoding="chunked", **more) + _chunks(body, rng)
    else:
        sent = request("POST", path, body, Content_Length="0", **more)
        if body:
            sent = request("POST", path, body, **more)
    if "raise" in path or path in ("/exit", "/letters"):
        talk.add(sent, 500, None)
    elif path == "/big":
        talk.add(sent, 200, b"/big:" + b"x" * BIG)
    elif path.startswith("/slow") and rng.random() < 0.2:
        talk.add(request("HEAD", path), 200, b"", "HEAD")
    else:
        talk.add(sent, 200, body if path == "/quick" else path.encode() + b":" + body)


def _chunks(body: bytes, rng: random.Random) -> bytes:
    parts, at = [], 0
    while at < len(body):
        size = rng.randint(1, max(1, rng.choice([10, 3000, len(body)])))
        piece = body[at : at + size]
        parts.append(b"%x%s\r\n%s\r\n" % (len(piece), rng.choice([b"", b";a=b"]), piece))
        at += size
    return b"".join(parts) + rng.choice([b"0\r\n\r\n", b"0\r\nX-Trailer: a\r\n\r\n"])


def _add_last(talk: Talk, rng: random.Random) -> None:
    path, body = rng.choice(["/quick", "/slow"]), rng.randbytes(100)
    told = body if path == "/quick" else b"/slow:" + body
    over = b"x" * rng.choice([LIMIT + 1, 5 * LIMIT])
    sent, status, answered = rng.choice(
        [
            (request("POST", path, body, **CLOSE), 200, told),
            (request("POST", path, body).replace(b"/1.1", b"/1.0", 1), 200, told),
            (request("POST", path, over), 413, b"too large"),
            (
                request("POST", path, Transfer_Encoding="chunked") + _chunks(over, rng),
                413,
                b"too large",
            ),
            (request("POST", path, Transfer_Encoding="gzip, chunked"), 501, None),
            (request("POST", path, Content_Length="x"), 400, None),
            (b"\x00what is this\r\n\r\n", 400, None),
            (request("CONNECT", "odd:80"), 405, None),
            (b"GET /quick HTTP/1.1\r\nX: " + b"a" * 400_000, 431, None),
        ]
    )
    talk.add(sent, status, answered)
    talk.is_over = True


def converse(server: HttpServer, rng: random.Random) -> None:
    """Have one talk; fails when it is not answered as it should be."""
    talk = drawn(rng)
    leaves = rng.random() < 0.2
    sent = talk.sent[: rng.randint(0, len(talk.sent))] if leaves else talk.sent
    with server.line() as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if leaves:
            _send(line, sent, rng)
            if rng.random() < 0.5:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        told: list[bytes] = []
        reader = threading.Thread(target=lambda: told.append(everything(line)))
        reader.start()
        _send(line, sent, rng)
        if not talk.is_over:
            line.shutdown(socket.SHUT_WR)
        reader.join()
    (got,) = told or [b"nothing came"]
    check(got, talk.wanted)


def _send(line: socket.socket, sent: bytes, rng: random.Random) -> None:
    most = rng.choice([50, 3000, 100_000, len(sent) + 1])
    at = 0
    while at < len(sent):
        # Tiny ones at the start, not all of a large body.
        size = rng.randint(1, most if at < 3000 else max(most, 20_000))
        line.sendall(sent[at : at + size])
        at += size


def check(got: bytes, wanted: Sequence[tuple[int, str, bytes | None]]) -> None:
    """Answers come in order, whole, and none beside them; fails otherwise."""
    for number, (status, method, body) in enumerate(wanted):
        while got.startswith(b"HTTP/1.1 100 Continue\r\n\r\n"):
            got = got.partition(b"\r\n\r\n")[2]
        head, _, got = got.partition(b"\r\n\r\n")
        where = f"answer {number} of {len(wanted)}: {head[:300]!r}, wanted {status}"
        assert head.startswith(b"HTTP/1.1 %d " % status), where
        assert (b"\r\nconnection: close" in head) <= (number == len(wanted) - 1), where
        length = int(head.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0])
        said, got = (b"", got) if method == "HEAD" else (got[:length], got[length:])
        assert method == "HEAD" or len(said) == length, where
        assert body is None or said == body, (where, said[:100], (body or b"")[:100])
    assert got in (b"", b"HTTP/1.1 100 Continue\r\n\r\n"), f"more than was asked: {got[:300]!r}"


def fuzz(server: HttpServer, seed: int, goes_on: Callable[[], bool], clients: int = 8) -> list[str]:
    """Talks of many clients at a time, as long as it goes on; what was wrong with some."""
    wrong: list[str] = []

    def talk(number: int) -> None:
        turn = 0
        while goes_on() and not wrong:
            name = f"{seed}:{number}:{turn}"
            try:
                converse(server, random.Random(name))  # To be drawn again.
            except (AssertionError, OSError) as error:
                wrong.append(f"{name}: {error!r}")
            turn += 1

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong
