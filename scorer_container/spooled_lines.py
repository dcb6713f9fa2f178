"""Spooled lines: records as releases until November 2026 spooled them, a line of JSON for a call.

What such a scorer had acknowledged and not yet shipped when it was killed is shipped by the next
one, of whatever release. A column is a list of values, or `{"<f8": "<base64>"}` for an array.
"""

from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

#: How a line begins, as no frame does, nor MessagePack of calls.
BEGIN = b"{"


def cut_lines(spooled: bytes, at_once_bytes: int) -> Iterator[memoryview]:
    """Whole lines, some at a time; of the last one no more than its beginning may be there, which
    was never acknowledged.
    """
    view, start, whole = memoryview(spooled), 0, spooled.rfind(b"\n") + 1
    while start < whole:
        end = spooled.find(b"\n", start + at_once_bytes) + 1 or whole
        yield view[start:end]
        start = end


def decoder_of(kind: type[T]) -> Callable[[memoryview], list[T]]:
    """Reads whole lines as records of a kind; raises MsgspecError for what is none."""
    decode = msgspec.json.Decoder(kind).decode_lines

    def read(lines: memoryview) -> list[T]:
        calls: list[Any] = decode(lines)
        for call in calls:
            call.columns = [_values(column) for column in call.columns]
            if call.probabilities:
                call.probabilities = {k: _values(v) for k, v in call.probabilities.items()}
        return calls

    return read


def _values(told: Any) -> Any:
    if not isinstance(told, dict):
        return told
    # What was never written in arrays is read without numpy.
    import numpy as np

    ((kind, text),) = told.items()
    return np.frombuffer(b64decode(text), dtype=kind)
