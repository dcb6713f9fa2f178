"""Stored gzip: gzip around bytes that it makes no smaller, the same on every machine.

zlib itself cuts what it stores into blocks as its release likes; here they are as large as they may
be. Source: RFC 1951 (3.2.4) and RFC 1952.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator

#: Of one block, since its length has two bytes.
LARGEST_BLOCK = 0xFFFF

#: Of no time, no name and no known system.
_HEAD = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
#: The last block, which is empty.
_LAST = b"\x01\x00\x00\xff\xff"


def store(content: Iterable[bytes]) -> Iterator[bytes]:
    """The gzip of the content, in pieces; however that comes cut, their bytes are the same.

    >>> zlib.decompress(b"".join(store([b"a", b"bc"])), wbits=31)
    b'abc'
    """
    check = length = 0
    left = b""
    yield _HEAD
    for piece in content:
        check, length = zlib.crc32(piece, check), length + len(piece)
        left += piece
        whole = len(left) - len(left) % LARGEST_BLOCK
        for start in range(0, whole, LARGEST_BLOCK):
            yield _block(left[start : start + LARGEST_BLOCK])
        left = left[whole:]
    if left:
        yield _block(left)
    yield _LAST + struct.pack("<II", check, length & 0xFFFFFFFF)


def _block(data: bytes) -> bytes:
    return struct.pack("<BHH", 0, len(data), ~len(data) & 0xFFFF) + data
