"""Seal: the bytes of a spool file become one Parquet segment per partition."""

import io
import json
from datetime import UTC, datetime
from typing import Any

from scienceops.core.captures import INPUT_PREFIX, PROBABILITY_PREFIX, CaptureLayout
from scienceops.core.names import PREDICTION, Partition
from scorer_container.spooled import from_line


class _Column:
    """Values of a segment's column: lists, put together as they come, and arrays."""

    def __init__(self) -> None:
        self._pieces: list[Any] = []

    def add(self, values: Any) -> None:
        if isinstance(values, list) and self._pieces and isinstance(self._pieces[-1], list):
            self._pieces[-1] += values
        else:
            self._pieces.append(values)

    def to_arrow(self, kind: Any) -> Any:
        import pyarrow as pa

        return pa.concat_arrays([pa.array(piece, type=kind) for piece in self._pieces])


def seal(
    spooled: bytes, layout: CaptureLayout, service: str, version: int, digest: str
) -> dict[Partition, bytes]:
    """Partition -> Parquet bytes, the same for the same spool bytes.

    A last line without its end was being written when its writer died: it was never acknowledged.
    """
    whole = spooled[: spooled.rfind(b"\n") + 1]
    parts: dict[Partition, dict[str, _Column]] = {}
    for line in whole.splitlines():
        call = from_line(line)
        at = datetime.fromisoformat(call["captured_at"]).astimezone(UTC)
        partition = Partition(service, version, at.date())
        columns = parts.setdefault(partition, {name: _Column() for name in layout.columns})
        facts = {
            "captured_at": at,
            "service": service,
            "version": version,
            "package_digest": digest,
            **{name: call[name] for name in ("request_id", "correlation_id", "latency_ms")},
        }
        _add(columns, call, facts, layout)
    return {partition: _to_parquet(columns, layout) for partition, columns in parts.items()}


def _add(
    columns: dict[str, _Column],
    call: dict[str, Any],
    facts: dict[str, Any],
    layout: CaptureLayout,
) -> None:
    """Append a call's rows to the columns of its segment."""
    predictions = call["predictions"]
    count = len(predictions)
    columns["row"].add(list(range(count)))
    for name, value in facts.items():
        columns[name].add([value] * count)
    for column, values in zip(layout.schema.columns, call["columns"], strict=True):
        columns[INPUT_PREFIX + column.name].add(values)
    columns[PREDICTION].add([_as_prediction(value, layout) for value in predictions])
    shares = call["probabilities"]
    for label in layout.classes:
        columns[PROBABILITY_PREFIX + label].add(shares.get(label, [None] * count))


def _as_prediction(value: Any, layout: CaptureLayout) -> float | str | None:
    if value is None:
        return None
    if layout.task == "regression":
        return float(value)
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _to_parquet(columns: dict[str, _Column], layout: CaptureLayout) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    named = {"timestamp[us, tz=UTC]": pa.timestamp("us", tz="UTC")}
    fields = [
        pa.field(name, named.get(kind) or getattr(pa, kind.replace("bool", "bool_"))())
        for name, kind in layout.columns.items()
    ]
    arrays = [columns[field.name].to_arrow(field.type) for field in fields]
    out = io.BytesIO()
    pq.write_table(pa.table(arrays, schema=pa.schema(fields)), out, compression="zstd")
    return out.getvalue()
