"""Encoding: bodies that are gzipped or deflated on the wire, as Triton's clients may send them."""

import gzip
import io
import zlib

from scienceops.errors import BadInput

ENCODINGS = ("gzip", "deflate")
#: Replies are read once: what a higher level saves is not worth its time.
_LEVEL = 1


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """The body as it was before its Content-Encoding; raises BadInput.

    Of one that grows beyond the limit only one byte more than that is returned, so that a small
    body cannot fill the memory.
    """
    if encoding not in ENCODINGS:
        raise BadInput(
            f"Content-Encoding is {encoding!r:.80}: wanted {', '.join(ENCODINGS)}, or none"
        )
    try:
        if encoding == "gzip":
            # Of one member or of several, one after another.
            return gzip.GzipFile(fileobj=io.BytesIO(body)).read(limit + 1)
        reader = zlib.decompressobj()
        whole = reader.decompress(body, limit + 1)
    except EOFError:
        raise BadInput(f"the body ends within its {encoding}") from None
    except (OSError, zlib.error) as error:
        raise BadInput(f"the body is no {encoding}: {error}") from None
    if len(whole) <= limit and not reader.eof:
        raise BadInput(f"the body ends within its {encoding}")
    if reader.unused_data:
        raise BadInput(f"{len(reader.unused_data)} bytes follow the end of the body's {encoding}")
    return whole


def wanted(accepts: str) -> str:
    """The encoding that an Accept-Encoding takes, empty for none of ENCODINGS.

    >>> wanted("br, gzip"), wanted("gzip;q=0, deflate"), wanted("identity")
    ('gzip', 'deflate', '')
    """
    for choice in accepts.lower().split(","):
        name, *facts = (part.replace(" ", "") for part in choice.split(";"))
        refused = any(fact.startswith("q=0") and not fact[3:].strip(".0") for fact in facts)
        if name in ENCODINGS and not refused:
            return name
    return ""


def packed(body: bytes, encoding: str) -> bytes:
    """The body in an encoding of ENCODINGS."""
    if encoding == "gzip":
        return gzip.compress(body, _LEVEL, mtime=0)
    return zlib.compress(body, _LEVEL)
