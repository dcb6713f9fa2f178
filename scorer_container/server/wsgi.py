"""WSGI: a request as an app takes it, and what the app says as bytes. Source: PEP 3333."""

import io
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from email.utils import formatdate
from http.client import responses
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote_to_bytes

from scienceops.problems import TYPE, Problem, unforeseen

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

#: Header names that are kept as WSGI knows them; a client may send any number of others.
MOST_NAMES = 256
_BODILESS = ("204", "304")
_BARE = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})


class Reply(Protocol):
    """What is answered."""

    @property
    def status(self) -> int:
        """HTTP's code."""
        ...

    @property
    def content_type(self) -> str:
        """Of the body."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """All others, length excepted."""
        ...

    @property
    def body(self) -> bytes:
        """The body."""
        ...


class Face(Protocol):
    """The app of a worker, and what the server must know of it.

    limit_bytes: of a body. Of a larger one, the app gets a byte more than this and no further ones.
    """

    limit_bytes: int

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; it may wait for something."""
        ...

    def quick(self, asked: Sequence[tuple[Environ, bytes]]) -> Sequence[Reply | Exception | None]:
        """Answers to requests, with their bodies, that came at once.

        None to one that takes so long that others should not wait for it: the face is called with
        it. An error in place of an answer is a fault of that one alone.
        """
        ...


class Answer(NamedTuple):
    """What is sent: the head without the empty line that ends it, and the body."""

    head: bytes
    body: bytes


class _Names(dict[bytes, str]):
    """Names of headers as WSGI has them, empty for those that no app gets."""

    def __missing__(self, name: bytes) -> str:
        key = name.decode("latin-1").upper().replace("-", "_")
        # A `_` would pass for the `-` of another.
        found = "" if b"_" in name else key if key in _BARE else f"HTTP_{key}"
        if len(self) < MOST_NAMES:
            self[name] = found
        return found


class _Lower(dict[str, str]):
    """Names of headers as they are sent."""

    def __missing__(self, name: str) -> str:
        return self.setdefault(name, name.lower())


class _Statuses(dict[int, str]):
    """First lines of answers."""

    def __missing__(self, status: int) -> str:
        return self.setdefault(status, f"HTTP/1.1 {status} {responses.get(status, '')}")


_NAMES, _LOWER, _STATUS = _Names(), _Lower(), _Statuses()


def base_of(host: str, port: str) -> Environ:
    """What all requests to one address have in common."""
    return {
        "SCRIPT_NAME": "",
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_SOFTWARE": "scienceops",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }


def environ_of(
    base: Environ, method: bytes, url: bytes, version: str, headers: list[tuple[bytes, bytes]]
) -> Environ:
    """A request without its body.

    url: its target, which may be a whole address. Headers of one name are joined by commas.
    """
    if not url.startswith(b"/") and b"://" in url:
        url = b"/" + url.partition(b"://")[2].partition(b"/")[2]
    path, _, query = url.partition(b"?")
    if b"%" in path:
        path = unquote_to_bytes(path)
    environ = {
        **base,
        "REQUEST_METHOD": method.decode("latin-1"),
        "PATH_INFO": path.decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{version}",
    }
    for name, value in headers:
        if key := _NAMES[name]:
            # Other bytes that pass for spaces may be the last of a letter in UTF-8.
            text = value.decode("latin-1").strip(" \t")
            environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


def answer_of(face: Face, environ: Environ, body: bytes) -> Answer:
    """What the app says to a request."""
    environ["wsgi.input"] = io.BytesIO(body)
    told: list[Any] = []
    try:
        parts = face(environ, lambda *began: told.append(began))
        try:
            content = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        status, headers = told[-1][:2]
        length = None if status.startswith(_BODILESS) else len(content)
        head = _head(f"HTTP/1.1 {status}", headers, length)
        return Answer(head, b"" if environ["REQUEST_METHOD"] == "HEAD" else content)
    except BaseException as error:  # noqa: BLE001  # A model that exits keeps nobody waiting.
        return refusal(unforeseen(error))


def quick_answers_of(face: Face, asked: Sequence[tuple[Environ, bytes]]) -> list[Answer | None]:
    """What the app says to requests at once, None where it does not."""
    try:
        replies = face.quick(asked)
    except Exception as error:  # noqa: BLE001  # Whoever asked gets an answer all the same.
        replies = [error] * len(asked)
    return [None if reply is None else _quick(reply) for reply in replies]


def _quick(reply: Reply | Exception) -> Answer:
    try:
        if isinstance(reply, Exception):
            return refusal(unforeseen(reply))
        content = reply.body
        headers = [("content-type", reply.content_type), *reply.headers.items()]
        return Answer(_head(_STATUS[reply.status], headers, len(content)), content)
    except Exception as error:  # noqa: BLE001  # A head that cannot be sent is told.
        return refusal(unforeseen(error))


def refusal(told: Problem) -> Answer:
    """A problem that the server itself has with a request."""
    body = json.dumps(told.document).encode()
    return Answer(_head(_STATUS[told.status], [("content-type", TYPE)], len(body)), body)


def _head(first: str, headers: Sequence[tuple[str, str]], length: int | None) -> bytes:
    lines = [first, f"date: {_date()}"]
    for name, value in headers:
        lower = _LOWER[name]
        if lower == "content-length":
            length = None
        lines.append(f"{lower}: {value}")
    if length is not None:
        lines.append(f"content-length: {length}")
    head = "\r\n".join(lines) + "\r\n"
    if head.count("\n") != len(lines) or head.count("\r") != len(lines):
        raise ValueError(f"a line break inside of a header: {headers!r}")
    return head.encode("latin-1")


_second, _text = 0, ""


def _date() -> str:
    """This second as HTTP writes it. Source: RFC 9110, section 5.6.7."""
    global _second, _text  # noqa: PLW0603  # Written once a second; two writers write the same.
    now = int(time.time())
    if now != _second:
        _text = formatdate(now, usegmt=True)
        _second = now
    return _text
