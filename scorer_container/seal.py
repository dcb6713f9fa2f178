"""Seal: the bytes of a spool file become one Parquet segment per partition."""

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date
from typing import Any

from scienceops.core.captures import (
    INPUT_PREFIX,
    PROBABILITY_PREFIX,
    CaptureLayout,
    prediction_text,
)
from scienceops.core.names import PREDICTION, Partition
from scorer_container.spooled import SpooledCall, from_frames, values_of

#: What is the same in all rows of a call.
_OF_CALL = ("request_id", "captured_at", "correlation_id", "latency_ms")
#: Values of a column that are looked at for how many of them differ; the share from which on too
#: many do.
_SAMPLED = 4096
_MOST_DIFFERENT = 0.85


def seal(
    frames: Iterable[memoryview], layout: CaptureLayout, service: str, version: int, digest: str
) -> dict[Partition, bytes]:
    """Partition -> Parquet bytes, the same for the same frames."""
    segments: dict[date, _Segment] = {}
    for some in from_frames(frames):
        days: dict[date, list[SpooledCall]] = {}
        for call in some:
            days.setdefault(call.captured_at.astimezone(UTC).date(), []).append(call)
        for day, calls in days.items():
            segments.setdefault(day, _Segment(layout)).add(calls)
    facts = {"service": service, "version": version, "package_digest": digest}
    return {
        Partition(service, version, day): segment.to_parquet(facts)
        for day, segment in segments.items()
    }


class _Segment:
    """The calls of a day, by column."""

    def __init__(self, layout: CaptureLayout) -> None:
        self._layout = layout
        self._counts: list[int] = []
        self._of_call: dict[str, list[Any]] = {name: [] for name in _OF_CALL}
        #: Column -> lists of values, and arrays, one after another.
        self._pieces: dict[str, list[Any]] = {name: [] for name in layout.columns}

    def add(self, calls: Sequence[SpooledCall]) -> None:
        self._counts += [len(call.predictions) for call in calls]
        for name, values in self._of_call.items():
            values += [getattr(call, name) for call in calls]
        columns = zip(*(call.columns for call in calls), strict=True)
        for column, parts in zip(self._layout.schema.columns, columns, strict=True):
            self._pieces[INPUT_PREFIX + column.name] += values_of(parts)
        predictions = [value for call in calls for value in call.predictions]
        self._pieces[PREDICTION].append(_as_column(predictions, self._layout))
        shares = [call.probabilities or {} for call in calls]
        for label in self._layout.classes:
            parts = tuple(
                given[label] if label in given else [None] * len(call.predictions)
                for call, given in zip(calls, shares, strict=True)
            )
            self._pieces[PROBABILITY_PREFIX + label] += values_of(parts)

    def to_parquet(self, facts: Mapping[str, Any]) -> bytes:
        """facts: column -> what all rows have in it."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.parquet as pq

        from scienceops.core.segments import segment_schema

        schema = segment_schema(self._layout)
        counts = np.array(self._counts)
        call_of = np.repeat(np.arange(len(counts)), counts)
        columns = []
        for name, kind in zip(schema.names, schema.types, strict=True):
            if name == "row":
                first_rows = np.cumsum(counts) - counts
                values = pa.array(np.arange(len(call_of)) - first_rows[call_of], type=kind)
            elif name in facts:
                values = pa.repeat(pa.scalar(facts[name], type=kind), len(call_of))
            elif name in _OF_CALL:
                values = pa.array(self._of_call[name], type=kind).take(pa.array(call_of))
            else:
                pieces = self._pieces[name]
                values = pa.concat_arrays([pa.array(piece, type=kind) for piece in pieces])
            columns.append(values)
        out = io.BytesIO()
        table = pa.table(columns, schema=schema)
        repeats = [n for n, values in zip(schema.names, columns, strict=True) if _repeats(values)]
        pq.write_table(table, out, compression="zstd", use_dictionary=repeats)
        return out.getvalue()


def _repeats(values: Any) -> bool:
    """Whether a dictionary of its values makes a column smaller, by some of them.

    To list values that are nearly all different takes six times as long as to write them, and room.
    """
    step = max(1, len(values) // _SAMPLED)
    some = values[::step]
    return len(some.unique()) < _MOST_DIFFERENT * len(some)


def _as_column(predictions: list[Any], layout: CaptureLayout) -> list[Any]:
    kinds = set(map(type, predictions))
    if kinds == {float if layout.task == "regression" else str}:
        return predictions
    return [_as_prediction(value, layout) for value in predictions]


def _as_prediction(value: Any, layout: CaptureLayout) -> float | str | None:
    if value is None:
        return None
    return float(value) if layout.task == "regression" else prediction_text(value)
