"""Bodies of requests, read within the limit and not held in memory when they are large."""

from collections.abc import Iterator
from io import RawIOBase
from typing import IO, Any

from flask import Request
from werkzeug.exceptions import ClientDisconnected
from werkzeug.wsgi import LimitedStream

from scienceops.bodies import LARGE_BYTES, PIECE_BYTES, Body, gather


def read_body(request: Request) -> Body:
    """The body of a request, read to its end.

    Raises RequestEntityTooLarge over the app's limit, with a length or in chunks,
    ClientDisconnected when less comes than was said, and NoRoomForBody.
    """
    told = request.environ.get("CONTENT_LENGTH") or ""
    if told.isdecimal() and int(told) <= LARGE_BYTES:
        return request.get_data()
    return gather(_pieces(request))


def read_json(request: Request) -> Any:
    """The JSON document that the body is; None where it is none, or nested too deep to be read.

    Raises RequestEntityTooLarge and ClientDisconnected as `read_body` does.
    """
    try:
        return request.get_json(force=True, silent=True)
    except RecursionError:
        return None


def drop_body(request: Request) -> None:
    """Read the body of a request to its end, for many a caller listens only then; keep nothing.

    Raises RequestEntityTooLarge and ClientDisconnected as `read_body` does.
    """
    for _ in _pieces(request):
        pass


def _pieces(request: Request) -> Iterator[bytes]:
    size_bytes = request.content_length
    return _chunked(request) if size_bytes is None else _sized(request, size_bytes)


def _sized(request: Request, size_bytes: int) -> Iterator[bytes]:
    left = size_bytes
    while left:
        piece = request.stream.read(min(PIECE_BYTES, left))
        if not piece:
            raise ClientDisconnected
        left -= len(piece)
        yield piece


def _chunked(request: Request) -> Iterator[bytes]:
    limit, stream = request.max_content_length, request.stream
    if limit is not None and isinstance(stream, LimitedStream):
        # This one, read to its end, cuts a larger body off at the limit; in pieces it takes one of
        # just the limit for a larger one.
        one_more = LimitedStream(request.environ["wsgi.input"], limit + 1, is_max=True)
        return _until_empty(one_more)
    return _until_empty(stream)


def _until_empty(stream: RawIOBase | IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(PIECE_BYTES):
        yield piece
