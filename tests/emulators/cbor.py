"""CBOR, as much of it as AWS's newer protocol carries. Source: RFC 8949."""

import struct
from typing import Any

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _LIST, _MAP, _TAG, _OTHER = range(8)
_SIMPLE = {False: b"\xf4", True: b"\xf5", None: b"\xf6"}


def dump(value: Any) -> bytes:
    """The bytes of a value made of dicts, lists, text, bytes, numbers, booleans and None."""
    match value:
        case None | bool():
            return _SIMPLE[value]
        case int():
            return _head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, -1 - value)
        case float():
            return b"\xfb" + struct.pack(">d", value)
        case bytes():
            return _head(_BYTES, len(value)) + value
        case str():
            return _head(_TEXT, len(value.encode())) + value.encode()
        case list() | tuple():
            return _head(_LIST, len(value)) + b"".join(map(dump, value))
        case dict():
            pairs = b"".join(dump(key) + dump(held) for key, held in value.items())
            return _head(_MAP, len(value)) + pairs
    raise TypeError(f"{value!r} has no form in CBOR here")


def load(data: bytes) -> Any:
    """The value of such bytes; a tag's number is left out."""
    value, _ = _load(data, 0)
    return value


def _head(kind: int, number: int) -> bytes:
    if number < 24:
        return bytes([kind << 5 | number])
    for code, form in ((24, ">B"), (25, ">H"), (26, ">I"), (27, ">Q")):
        if number < 1 << 8 * struct.calcsize(form):
            return bytes([kind << 5 | code]) + struct.pack(form, number)
    raise ValueError(f"{number} is too large")


def _load(data: bytes, at: int) -> tuple[Any, int]:
    kind, code = data[at] >> 5, data[at] & 31
    at += 1
    if kind == _OTHER and code in (20, 21, 22, 23):
        return {20: False, 21: True}.get(code), at
    if kind == _OTHER and code in (26, 27):
        form = ">f" if code == 26 else ">d"
        return struct.unpack_from(form, data, at)[0], at + struct.calcsize(form)
    number = code
    if 24 <= code <= 27:
        form = (">B", ">H", ">I", ">Q")[code - 24]
        [number] = struct.unpack_from(form, data, at)
        at += struct.calcsize(form)
    if kind in (_UNSIGNED, _NEGATIVE):
        return (number if kind == _UNSIGNED else -1 - number), at
    if kind in (_BYTES, _TEXT):
        raw = data[at : at + number]
        return (raw if kind == _BYTES else raw.decode()), at + number
    if kind == _TAG:
        return _load(data, at)
    values = []
    for _ in range(number * (2 if kind == _MAP else 1)):
        value, at = _load(data, at)
        values.append(value)
    return (dict(zip(values[::2], values[1::2], strict=True)) if kind == _MAP else values), at
