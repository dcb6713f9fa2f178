"""Ids: request ids whose time names the day of the captures and whose last bits prove their origin.

A request id is a UUID of version 7. Its last 32 bits are a keyed check over the rest, so whoever
holds the key can tell without a lookup which version answered the call, and that it was one.
"""

import hashlib
import hmac
from datetime import UTC, datetime
from uuid import UUID

from scienceops.errors import BadInput

_CHECK_BITS = 32
#: Of SHA-256.
_BLOCK_BYTES = 64


def uuid7(at_ms: int, random: bytes) -> str:
    """A UUID of version 7: 48 bits of milliseconds since 1970, then 74 random bits.

    random: at least 10 bytes. Source: RFC 9562, section 5.7.

    >>> uuid7(1_700_000_000_000, bytes(10))
    '018bcfe5-6800-7000-8000-000000000000'
    """
    return _text(_uuid7(at_ms, random))


class RequestIds:
    """Makes request ids of the version that has this key.

    >>> was_answered_with("secret", RequestIds("secret").make(1_700_000_000_000, bytes(10)))
    True
    """

    def __init__(self, key: str) -> None:
        # What HMAC does with the key is the same for every id, and more than half of its work.
        # Source: RFC 2104, section 4.
        padded = key.encode()
        if len(padded) > _BLOCK_BYTES:
            padded = hashlib.sha256(padded).digest()
        padded = padded.ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))

    def make(self, at_ms: int, random: bytes) -> str:
        """An id of this time; random: at least 10 bytes, never used twice."""
        plain = (_uuid7(at_ms, random) >> _CHECK_BITS).to_bytes(12, "big")
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(plain)
        outer.update(inner.digest())
        return _dashed((plain + outer.digest()[:4]).hex())


def was_answered_with(key: str, identity: str) -> bool:
    """Whether the version that has this key made this request id.

    >>> was_answered_with("secret", "018bcfe5-6800-7000-8000-000000000000")
    False
    """
    value = UUID(identity).int
    wanted = _check(value >> _CHECK_BITS, key)
    return hmac.compare_digest(
        wanted.to_bytes(4, "big"), (value & (1 << _CHECK_BITS) - 1).to_bytes(4, "big")
    )


def read_id(text: object) -> str:
    """The request id in the form that replies have it in; raises BadInput for what is none.

    >>> read_id(" 018BCFE5680070008000000000000000")
    '018bcfe5-6800-7000-8000-000000000000'
    """
    time_of(identity := str(text).strip().lower())
    return str(UUID(identity))


def time_of(identity: object) -> datetime:
    """When the call of this request id was captured, to the millisecond; raises BadInput.

    >>> time_of("018bcfe5-6800-7000-8000-000000000000").isoformat()
    '2023-11-14T22:13:20+00:00'
    """
    try:
        value = UUID(str(identity))
        if value.version != 7:
            raise ValueError(identity)
        return datetime.fromtimestamp((value.int >> 80) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise BadInput(
            f"{identity!r} is no request id: wanted the `request_id` of a scoring reply"
        ) from None


def _uuid7(at_ms: int, random: bytes) -> int:
    low = int.from_bytes(random[:10], "big")
    value = (at_ms & (1 << 48) - 1) << 80
    return value | 7 << 76 | (low >> 62 & 0xFFF) << 64 | 2 << 62 | (low & (1 << 62) - 1)


def _text(value: int) -> str:
    # What str(UUID(int=value)) gives, without the object, for every call needs one.
    return _dashed(f"{value:032x}")


def _dashed(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _check(plain: int, key: str) -> int:
    digest = hmac.digest(key.encode(), plain.to_bytes(12, "big"), "sha256")
    return int.from_bytes(digest[:4], "big")
