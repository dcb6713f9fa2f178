"""Seal: the bytes of a spool file become one Parquet segment per partition."""

import io
import json
from datetime import UTC, datetime
from typing import Any

from scienceops.core.captures import INPUT_PREFIX, PROBABILITY_PREFIX, CaptureLayout
from scienceops.core.names import PREDICTION, Partition
from scorer_container.spooled import from_line

#: What is the same in all rows of a call.
_OF_CALL = ("request_id", "captured_at", "correlation_id", "latency_ms")


def seal(
    spooled: bytes, layout: CaptureLayout, service: str, version: int, digest: str
) -> dict[Partition, bytes]:
    """Partition -> Parquet bytes, the same for the same spool bytes.

    A last line without its end was being written when its writer died: it was never acknowledged.
    """
    whole = spooled[: spooled.rfind(b"\n") + 1]
    segments: dict[Partition, _Segment] = {}
    for line in whole.splitlines():
        call = from_line(line)
        call["captured_at"] = datetime.fromisoformat(call["captured_at"]).astimezone(UTC)
        partition = Partition(service, version, call["captured_at"].date())
        segments.setdefault(partition, _Segment(layout)).add(call)
    facts = {"service": service, "version": version, "package_digest": digest}
    return {partition: segment.to_parquet(facts) for partition, segment in segments.items()}


class _Segment:
    """The calls of a partition."""

    def __init__(self, layout: CaptureLayout) -> None:
        self._layout = layout
        self._counts: list[int] = []
        self._of_call: dict[str, list[Any]] = {name: [] for name in _OF_CALL}
        self._inputs = [INPUT_PREFIX + column.name for column in layout.schema.columns]
        names = (*self._inputs, PREDICTION, *(PROBABILITY_PREFIX + n for n in layout.classes))
        #: Lists of values, and arrays, one after another.
        self._pieces: dict[str, list[Any]] = {name: [] for name in names}

    def add(self, call: dict[str, Any]) -> None:
        predictions = call["predictions"]
        count = len(predictions)
        self._counts.append(count)
        for name, values in self._of_call.items():
            values.append(call[name])
        for name, column in zip(self._inputs, call["columns"], strict=True):
            self._append(name, column)
        self._append(PREDICTION, _as_column(predictions, self._layout))
        shares = call["probabilities"]
        for label in self._layout.classes:
            self._append(PROBABILITY_PREFIX + label, shares.get(label, [None] * count))

    def _append(self, name: str, values: Any) -> None:
        pieces = self._pieces[name]
        if isinstance(values, list) and pieces and isinstance(pieces[-1], list):
            pieces[-1] += values
        else:
            pieces.append(values)

    def to_parquet(self, facts: dict[str, Any]) -> bytes:
        """facts: column -> what all rows have in it."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.parquet as pq

        named = {"timestamp[us, tz=UTC]": pa.timestamp("us", tz="UTC")}
        counts = np.array(self._counts)
        call = np.repeat(np.arange(len(counts)), counts)
        total = len(call)
        fields, columns = [], []
        for name, text in self._layout.columns.items():
            kind = named.get(text) or getattr(pa, text.replace("bool", "bool_"))()
            if name == "row":
                values = pa.array(np.arange(total) - (np.cumsum(counts) - counts)[call], type=kind)
            elif name in facts:
                values = pa.repeat(pa.scalar(facts[name], type=kind), total)
            elif name in self._of_call:
                values = pa.array(self._of_call[name], type=kind).take(pa.array(call))
            else:
                pieces = self._pieces[name]
                values = pa.concat_arrays([pa.array(piece, type=kind) for piece in pieces])
            fields.append(pa.field(name, kind))
            columns.append(values)
        out = io.BytesIO()
        table = pa.table(columns, schema=pa.schema(fields))
        pq.write_table(table, out, compression="zstd")
        return out.getvalue()


def _as_column(predictions: list[Any], layout: CaptureLayout) -> list[Any]:
    kinds = set(map(type, predictions))
    if kinds == {float if layout.task == "regression" else str}:
        return predictions
    return [_as_prediction(value, layout) for value in predictions]


def _as_prediction(value: Any, layout: CaptureLayout) -> float | str | None:
    if value is None:
        return None
    if layout.task == "regression":
        return float(value)
    return json.dumps(value) if isinstance(value, dict | list) else str(value)
