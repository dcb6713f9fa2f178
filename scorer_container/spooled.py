"""Spooled: records of calls as the frames of a spool file, and read back.

A frame is a mark of the format, the length of what follows, and calls in MessagePack, kept by one
write. Arrays of numbers go as their bytes: to write many numbers in decimals takes longer than to
score them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain, groupby
from struct import Struct
from typing import Any

import msgspec

from scienceops.core.captures import CapturedCall, prediction_text
from scorer_container.spooled_lines import BEGIN, cut_lines, decoder_of

#: The mark and the length. Of another format it would be another mark.
_HEAD = Struct("<4sI")
_MARK = b"SOp1"
#: Types of arrays by their numbers as extensions of MessagePack, as numpy names them with their
#: byte order.
_TYPES = ("<f8", "<i8")
#: So few records at a time that the garbage collector does not look through them again and again,
#: which takes longer than all the rest.
AT_ONCE_BYTES = 1 << 14


def to_frame(calls: Sequence[CapturedCall]) -> bytes:
    """The records of calls that are kept at once; raises TypeError for what none can hold."""
    try:
        records = _encode(calls)
    except OverflowError:
        # MessagePack's whole numbers end at 64 bits, and a model's answers need not.
        records = _encode([_with_wide_as_text(call) for call in calls])
    return _HEAD.pack(_MARK, len(records)) + records


def _with_wide_as_text(call: CapturedCall) -> CapturedCall:
    told = [prediction_text(p) if isinstance(p, int | dict | list) else p for p in call.predictions]
    return replace(call, predictions=told)


class SpooledCall(msgspec.Struct):
    """A record as it was read: each column a list, or an array."""

    request_id: str
    captured_at: datetime
    correlation_id: str | None
    latency_ms: float
    columns: list[Any]
    predictions: list[Any]
    probabilities: dict[str, Any] | None = None


def whole_frames(spooled: bytes) -> tuple[list[memoryview], bytes]:
    """The records of each whole frame, and what follows the last of them.

    Of a file of lines these are whole lines, and nothing follows.
    """
    if spooled.startswith(BEGIN):
        return list(cut_lines(spooled, AT_ONCE_BYTES)), b""
    frames, view, start = [], memoryview(spooled), 0
    while start + _HEAD.size <= len(spooled):
        mark, length = _HEAD.unpack_from(spooled, start)
        end = start + _HEAD.size + length
        if mark != _MARK or end > len(spooled):
            break
        frames.append(view[start + _HEAD.size : end])
        start = end
    return frames, spooled[start:]


def is_unfinished(rest: bytes) -> bool:
    """Whether this can be what is there of a frame whose writer died: it was never acknowledged.

    Of one that died with its machine, there may be nothing but the room.
    """
    return _MARK.startswith(rest[: len(_MARK)]) or not any(rest)


def from_frames(frames: Iterable[memoryview]) -> Iterator[list[SpooledCall]]:
    """The records, some at a time, in their order; raises MsgspecError for what is none."""
    calls: list[SpooledCall] = []
    size = 0
    for frame in frames:
        calls += _decode_lines(frame) if frame[:1] == BEGIN else _decode(frame)
        size += len(frame)
        if size > AT_ONCE_BYTES:
            yield calls
            calls, size = [], 0
    if calls:
        yield calls


def values_of(columns: Iterable[Any]) -> list[Any]:
    """Columns of calls that follow each other: lists put together, and arrays."""
    pieces: list[Any] = []
    for kind, run in groupby(columns, type):
        if kind is list:
            pieces.append(list(chain.from_iterable(run)))
        else:
            pieces += run
    return pieces


def _to_extension(values: Any) -> msgspec.msgpack.Ext:
    kind = getattr(getattr(values, "dtype", None), "str", type(values).__name__)
    if kind not in _TYPES:
        raise TypeError(f"a spool file holds no {kind}: wanted float64 or int64")
    return msgspec.msgpack.Ext(_TYPES.index(kind), values.tobytes())


def _from_extension(kind: int, data: memoryview) -> Any:
    # What was never written in arrays is read without numpy.
    import numpy as np

    # From bytes of its own, which lie where numbers should.
    return np.frombuffer(bytes(data), dtype=_TYPES[kind])


_encode = msgspec.msgpack.Encoder(enc_hook=_to_extension).encode
_decode_lines = decoder_of(SpooledCall)
_decode = msgspec.msgpack.Decoder(list[SpooledCall], ext_hook=_from_extension).decode
