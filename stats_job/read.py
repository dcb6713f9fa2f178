"""Read: segments of one partition become partials, one per feature."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from scienceops.core.captures import CaptureLayout, input_column
from scienceops.core.names import PREDICTION, Partition
from scienceops.core.stats import partials
from scienceops.core.stats.baseline import Baseline
from scienceops.core.stats.hashing import HashArray, hash_bytes, row_keys
from scienceops.core.stats.partials import ColumnPartial, Kind
from scienceops.ports.object_store import ObjectStore

#: Feature under which the latency of the calls is summarised; no schema may use such a name.
LATENCY = "(latency_ms)"


@dataclass(frozen=True)
class PartitionOrder:
    """One partition to recompute, and what its columns mean."""

    partition: Partition
    keys: tuple[str, ...]
    layout: CaptureLayout
    baseline: Baseline

    @property
    def features(self) -> dict[str, tuple[str, Kind]]:
        """feature -> (segment column, kind)."""
        found: dict[str, tuple[str, Kind]] = {
            c.name: (input_column(c.name), c.kind) for c in self.layout.schema.columns
        }
        kind: Kind = "number" if self.layout.task == "regression" else "category"
        return {**found, PREDICTION: (PREDICTION, kind), LATENCY: ("latency_ms", "number")}


def read_partials(
    order: PartitionOrder, keys: Sequence[str], objects: ObjectStore
) -> dict[str, ColumnPartial]:
    """Partials of the rows in these segments; a row that is there twice counts once."""
    tables = [pq.read_table(io.BytesIO(objects.get(key))) for key in keys]
    table = pa.concat_tables(tables).combine_chunks()
    identities = row_keys(_hashes(table["request_id"]), table["row"].to_numpy())
    unique, first = np.unique(identities, return_index=True)
    if len(unique) < table.num_rows:
        table, identities = table.take(pa.array(np.sort(first))), identities[np.sort(first)]
    return {
        feature: _summarise(table[column], kind, feature, identities, order.baseline)
        for feature, (column, kind) in order.features.items()
    }


def merge_partials(parts: Sequence[Mapping[str, ColumnPartial]]) -> dict[str, ColumnPartial]:
    """Partials of all the rows together."""
    return partials.merge_columns(parts)


def _summarise(
    values: pa.ChunkedArray, kind: Kind, feature: str, keys: HashArray, baseline: Baseline
) -> ColumnPartial:
    edges = baseline.edges(feature, kind)
    if kind == "number":
        return partials.summarise_numbers(_floats(values), keys, edges)
    if kind == "category":
        if pa.types.is_boolean(values.type):
            # The label of a boolean is Python's text of it, as in training.
            values = pc.if_else(values, "True", "False")
        counted = pc.value_counts(values.drop_null())
        labels = dict(
            zip(
                counted.field("values").to_pylist(),
                counted.field("counts").to_pylist(),
                strict=True,
            )
        )
        pinned = baseline.labels(feature, kind)
        return partials.summarise_labels(labels, values.null_count, pinned)
    hashes = _hashes(values.drop_null())
    if kind == "time":
        return partials.summarise_times(len(values), hashes)
    return partials.summarise_text(_floats(pc.utf8_length(values)), hashes, keys, edges)


def _floats(values: pa.ChunkedArray) -> Any:
    return values.cast(pa.float64()).to_numpy(zero_copy_only=False)


def _hashes(texts: pa.ChunkedArray) -> HashArray:
    array = texts.cast(pa.large_string()).combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    _, offsets, data = array.buffers()
    places = np.frombuffer(offsets, dtype=np.int64) if offsets else np.zeros(1, dtype=np.int64)
    places = places[array.offset : array.offset + len(array) + 1]
    content = np.frombuffer(data, dtype=np.uint8) if data else np.zeros(0, dtype=np.uint8)
    return hash_bytes(content, places)
