"""Spooled: a call's record as a line of a spool file, and read back.

A column is a list of JSON values, or `{"<f8": "<base64>"}` for an array of numbers: to write
many numbers in decimals takes longer than to score them.
"""

from base64 import b64decode
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain, groupby
from typing import Any

import msgspec

from scienceops.core.captures import CapturedCall

#: Types of arrays, as numpy names them with their byte order.
_TYPES = ("<f8", "<i8")
#: So few records at a time that the garbage collector does not look through them again and again,
#: which takes longer than all the rest.
AT_ONCE_BYTES = 1 << 14


def to_lines(calls: Iterable[CapturedCall]) -> bytes:
    """The records, each with the end of its line; raises TypeError for what none can hold."""
    return _encode_lines(calls)


class SpooledCall(msgspec.Struct):
    """A record as it was read: each column a list, or an array as `_to_base64` tells it."""

    request_id: str
    captured_at: datetime
    correlation_id: str | None
    latency_ms: float
    columns: list[Any]
    predictions: list[Any]
    probabilities: dict[str, Any] | None = None


def from_lines(spooled: bytes) -> Iterator[list[SpooledCall]]:
    """The records of whole lines, some at a time."""
    start = 0
    while start < len(spooled):
        end = spooled.find(b"\n", start + AT_ONCE_BYTES) + 1 or len(spooled)
        yield _decode_lines(spooled[start:end])
        start = end


def values_of(columns: Iterable[Any]) -> list[Any]:
    """Columns of calls that follow each other as lists, put together, and arrays."""
    pieces: list[Any] = []
    for kind, run in groupby(columns, type):
        if kind is list:
            pieces.append(list(chain.from_iterable(run)))
        else:
            pieces += map(_to_array, run)
    return pieces


def _to_base64(values: Any) -> dict[str, bytes]:
    kind = getattr(getattr(values, "dtype", None), "str", type(values).__name__)
    if kind not in _TYPES:
        raise TypeError(f"a spool file holds no {kind}: wanted float64 or int64")
    return {kind: values.tobytes()}


def _to_array(told: dict[str, str]) -> Any:
    # What was never written in arrays is read without numpy.
    import numpy as np

    ((kind, text),) = told.items()
    return np.frombuffer(b64decode(text), dtype=kind)


_encode_lines = msgspec.json.Encoder(enc_hook=_to_base64).encode_lines
_decode_lines = msgspec.json.Decoder(SpooledCall).decode_lines
