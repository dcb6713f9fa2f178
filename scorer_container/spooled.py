"""Spooled: a call's record as a line of a spool file, and read back.

A column is a list of JSON values, or `{"<f8": "<base64>"}` for an array of numbers: to write
many numbers in decimals takes longer than to score them.
"""

from base64 import b64decode
from typing import Any

import msgspec

from scienceops.core.captures import CapturedCall

#: Types of arrays, as numpy names them with their byte order.
_TYPES = ("<f8", "<i8")


def to_line(call: CapturedCall) -> bytes:
    """The record, with the end of its line; raises NotImplementedError for what it cannot hold."""
    return _encode(call) + b"\n"


def from_line(line: bytes) -> dict[str, Any]:
    """The record's fields, `captured_at` as text; columns and probabilities as lists or arrays."""
    call: dict[str, Any] = msgspec.json.decode(line)
    call["columns"] = [_values(column) for column in call["columns"]]
    shares = call["probabilities"] or {}
    call["probabilities"] = {label: _values(column) for label, column in shares.items()}
    return call


def _to_base64(values: Any) -> dict[str, bytes]:
    kind = getattr(getattr(values, "dtype", None), "str", type(values).__name__)
    if kind not in _TYPES:
        raise NotImplementedError(f"a spool file holds no {kind}")
    return {kind: values.tobytes()}


def _values(column: Any) -> Any:
    if not isinstance(column, dict):
        return column
    # What was never written in arrays is read without numpy.
    import numpy as np

    ((kind, text),) = column.items()
    return np.frombuffer(b64decode(text), dtype=kind)


_encode = msgspec.json.Encoder(enc_hook=_to_base64).encode
