"""Seal: the bytes of a spool file become one Parquet segment per partition."""

import io
import json
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from scienceops.core.captures import INPUT_PREFIX, PROBABILITY_PREFIX, CaptureLayout
from scienceops.core.names import PREDICTION, Partition


def seal(
    spooled: bytes, layout: CaptureLayout, service: str, version: int, digest: str
) -> dict[Partition, bytes]:
    """Partition -> Parquet bytes, the same for the same spool bytes.

    A last line without its end was being written when its writer died: it was never acknowledged.
    """
    whole = spooled[: spooled.rfind(b"\n") + 1]
    parts: dict[Partition, list[dict[str, Any]]] = defaultdict(list)
    for line in whole.splitlines():
        call = json.loads(line)
        at = datetime.fromisoformat(call["captured_at"]).astimezone(UTC)
        partition = Partition(service, version, at.date())
        parts[partition] += _rows(call, at, layout, service, version, digest)
    return {partition: _to_parquet(rows, layout) for partition, rows in parts.items()}


def _rows(
    call: dict[str, Any],
    at: datetime,
    layout: CaptureLayout,
    service: str,
    version: int,
    digest: str,
) -> list[dict[str, Any]]:
    rows = []
    for index, (inputs, prediction) in enumerate(
        zip(call["rows"], call["predictions"], strict=True)
    ):
        row = {
            "request_id": call["request_id"],
            "row": index,
            "captured_at": at,
            "service": service,
            "version": version,
            "package_digest": digest,
            "correlation_id": call["correlation_id"],
            "latency_ms": call["latency_ms"],
            PREDICTION: _as_prediction(prediction, layout),
        }
        row.update((INPUT_PREFIX + name, value) for name, value in inputs.items())
        shares = call["probabilities"][index] if call["probabilities"] else {}
        row.update((PROBABILITY_PREFIX + name, share) for name, share in shares.items())
        rows.append(row)
    return rows


def _as_prediction(value: Any, layout: CaptureLayout) -> float | str | None:
    if value is None:
        return None
    if layout.task == "regression":
        return float(value)
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _to_parquet(rows: list[dict[str, Any]], layout: CaptureLayout) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    named = {"timestamp[us, tz=UTC]": pa.timestamp("us", tz="UTC")}
    fields = [
        pa.field(name, named.get(kind) or getattr(pa, kind.replace("bool", "bool_"))())
        for name, kind in layout.columns.items()
    ]
    columns = [pa.array([row.get(f.name) for row in rows], type=f.type) for f in fields]
    out = io.BytesIO()
    pq.write_table(pa.table(columns, schema=pa.schema(fields)), out, compression="zstd")
    return out.getvalue()
