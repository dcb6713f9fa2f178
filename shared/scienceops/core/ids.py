"""Ids: request ids whose time names the partition of the captures."""

from uuid import UUID


def uuid7(at_ms: int, random: bytes) -> str:
    """A UUID of version 7: 48 bits of milliseconds since 1970, then 74 random bits.

    random: at least 10 bytes. Source: RFC 9562, section 5.7.

    >>> uuid7(1_700_000_000_000, bytes(10))
    '018bcfe5-6800-7000-8000-000000000000'
    """
    low = int.from_bytes(random[:10], "big")
    value = (at_ms & (1 << 48) - 1) << 80
    value |= 7 << 76 | (low >> 62 & 0xFFF) << 64 | 2 << 62 | (low & (1 << 62) - 1)
    return str(UUID(int=value))
