"""Codec: partials as a Parquet file, one row per column, and back. No pickle anywhere."""

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from scienceops.core.stats.category import Labels
from scienceops.core.stats.numeric import Moments, Numbers
from scienceops.core.stats.partials import ColumnPartial
from scienceops.core.stats.sketches import DistinctSketch, OrderSketch, UniformSample
from scienceops.errors import BadPackage

FORMAT = 1


def to_parquet(columns: Mapping[str, ColumnPartial]) -> bytes:
    """The partials by column name."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"name": name, **_encode(part)} for name, part in columns.items()]
    out = io.BytesIO()
    table = pa.Table.from_pylist(rows, schema=_schema()).replace_schema_metadata(
        {"scienceops": json.dumps({"format": FORMAT})}
    )
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()


def from_parquet(data: bytes) -> dict[str, ColumnPartial]:
    """What `to_parquet` wrote; raises BadPackage for anything else."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(data), schema=_schema())
        return {row["name"]: _decode(row) for row in table.to_pylist()}
    except (pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise BadPackage(
            f"no statistics of training data: {error}",
            file="baseline.parquet",
            fix="write it with `scienceops pack`",
        ) from error


def _schema() -> Any:
    import pyarrow as pa

    floats, integers, hashes = pa.list_(pa.float64()), pa.list_(pa.int64()), pa.list_(pa.uint64())
    return pa.schema(
        [
            ("name", pa.string()),
            ("kind", pa.string()),
            ("rows", pa.int64()),
            ("missing", pa.int64()),
            ("distinct", hashes),
            ("moments", floats),
            ("minimum", pa.float64()),
            ("maximum", pa.float64()),
            ("infinite", pa.int64()),
            ("order_values", floats),
            ("order_weights", integers),
            ("order_exact", pa.bool_()),
            ("sample_keys", hashes),
            ("sample_values", floats),
            ("edges", floats),
            ("histogram", integers),
            ("labels", pa.list_(pa.string())),
            ("label_counts", integers),
            ("pooled", pa.int64()),
            ("pinned", pa.list_(pa.string())),
        ]
    )


def _encode(part: ColumnPartial) -> dict[str, Any]:
    row: dict[str, Any] = {
        "kind": part.kind,
        "rows": part.rows,
        "missing": part.missing,
        "distinct": part.distinct.hashes,
    }
    if part.numbers is not None:
        n = part.numbers
        m = n.moments
        row |= {
            "moments": [m.count, m.scaled_mean, m.scaled_squares, m.exponent],
            "minimum": n.minimum,
            "maximum": n.maximum,
            "infinite": n.infinite,
            "order_values": n.order.values,
            "order_weights": n.order.weights,
            "order_exact": n.order.exact,
            "sample_keys": n.sample.keys,
            "sample_values": n.sample.values,
            "edges": n.edges,
            "histogram": n.histogram,
        }
    if part.labels is not None:
        row |= {
            "labels": list(part.labels.counts),
            "label_counts": list(part.labels.counts.values()),
            "pooled": part.labels.pooled,
            "pinned": sorted(part.labels.pinned),
        }
    return row


def _decode(row: Mapping[str, Any]) -> ColumnPartial:
    numbers = labels = None
    if row["moments"] is not None:
        count, mean, squares, exponent = row["moments"]
        numbers = Numbers(
            moments=Moments(int(count), mean, squares, int(exponent)),
            minimum=row["minimum"],
            maximum=row["maximum"],
            infinite=row["infinite"],
            order=OrderSketch(
                np.array(row["order_values"], dtype=np.float64),
                np.array(row["order_weights"], dtype=np.int64),
                row["order_exact"],
            ),
            sample=UniformSample(
                np.array(row["sample_keys"], dtype=np.uint64),
                np.array(row["sample_values"], dtype=np.float64),
            ),
            edges=np.array(row["edges"], dtype=np.float64),
            histogram=np.array(row["histogram"], dtype=np.int64),
        )
    if row["labels"] is not None:
        counts = dict(zip(row["labels"], row["label_counts"], strict=True))
        labels = Labels(counts, row["pooled"], frozenset(row["pinned"]))
    return ColumnPartial(
        kind=row["kind"],
        rows=row["rows"],
        missing=row["missing"],
        distinct=DistinctSketch(np.array(row["distinct"], dtype=np.uint64)),
        numbers=numbers,
        labels=labels,
    )
