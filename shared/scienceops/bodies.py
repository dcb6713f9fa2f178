"""Bodies: what requests and replies carry, in memory while it is small, else in a file."""

import logging
import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO, TypeAlias

from scienceops.errors import NoRoomForBody

log = logging.getLogger(__name__)

#: What is larger lies in a file.
LARGE_BYTES = 1024 * 1024
#: So much of a large body is in memory at a time.
PIECE_BYTES = 256 * 1024


class FileBody:
    """A body in an anonymous file, which goes with whoever is the last to hold this.

    Iterating gives its pieces, each time from the start; any number of threads may at once, for
    each has a place of its own.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        """Raises NoRoomForBody when the disk does not take them, and leaves nothing there."""
        self._size_bytes = 0
        self._file = _open()
        # Not left to the collector, who would warn of it.
        weakref.finalize(self, self._file.close)
        try:
            for piece in pieces:
                self._append(piece)
        except BaseException:
            self._file.close()
            raise

    def __len__(self) -> int:
        return self._size_bytes

    def __iter__(self) -> Iterator[bytes]:
        at = 0
        while piece := os.pread(self._file.fileno(), PIECE_BYTES, at):
            yield piece
            at += len(piece)

    def _append(self, piece: bytes) -> None:
        rest = memoryview(piece)
        while rest:
            try:
                written = os.write(self._file.fileno(), rest)
            except OSError as error:
                raise NoRoomForBody(error) from error
            self._size_bytes += written
            rest = rest[written:]


Body: TypeAlias = bytes | FileBody


def whole(body: Body) -> bytes:
    """All of a body, in memory."""
    return body if isinstance(body, bytes) else b"".join(body)


def gather(pieces: Iterable[bytes]) -> Body:
    """The pieces as one body: bytes up to LARGE_BYTES, a FileBody when they come to more.

    Raises NoRoomForBody, after it has taken all the pieces: many a sender looks for an answer
    only once everything is sent.

    >>> gather([b"ab", b"c"])
    b'abc'
    """
    held: list[bytes] = []
    size_bytes, rest = 0, iter(pieces)
    for piece in rest:
        held.append(piece)
        size_bytes += len(piece)
        if size_bytes > LARGE_BYTES:
            break
    else:
        return b"".join(held)
    try:
        return FileBody(chain(held, rest))
    except NoRoomForBody as error:
        log.warning("large body not kept", extra={"reason": str(error)})
        for _ in rest:
            pass
        raise


def _open() -> IO[bytes]:
    try:
        # Without a buffer: what a full disk did not take would be written again by closing.
        return tempfile.TemporaryFile(buffering=0)
    except OSError as error:
        raise NoRoomForBody(error) from error
