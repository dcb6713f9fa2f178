"""Read: segments and labels of one partition become partials, one per feature and of quality."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scienceops.core.captures import PROBABILITY_PREFIX, CaptureLayout, input_column
from scienceops.core.labels import Known, read_lines
from scienceops.core.names import LATENCY, PREDICTION, Partition
from scienceops.core.segments import read_segment, segment_schema
from scienceops.core.stats import partials
from scienceops.core.stats.baseline import Baseline
from scienceops.core.stats.hashing import HashArray, hash_bytes, hash_strings, row_keys
from scienceops.core.stats.partials import ColumnPartial, Kind
from scienceops.core.stats.quality import Quality
from scienceops.errors import BadLabels, BadSegment, ObjectNotFound
from scienceops.ports.object_store import ObjectStore


@dataclass(frozen=True)
class PartitionOrder:
    """One partition to recompute, and what its columns mean."""

    partition: Partition
    keys: tuple[str, ...]
    label_keys: tuple[str, ...]
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


@dataclass(frozen=True)
class Partials:
    """What is kept of a partition's rows: a partial per feature, and of their quality.

    unread: key -> what is wrong with an object whose rows are not among them.
    """

    columns: Mapping[str, ColumnPartial]
    quality: Quality
    unread: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Labels:
    """The labels that hold for a partition's rows, and unread as in Partials."""

    known: Known
    unread: Mapping[str, str]


def read_labels(order: PartitionOrder, objects: ObjectStore) -> Labels:
    """Of several for one row the latest; one object of no labels holds up nothing, as below."""
    known: Known = {}
    unread: dict[str, str] = {}
    for key in sorted(order.label_keys):
        with _told(key, unread):
            known |= read_lines(objects.get(key), order.layout.task)
    return Labels(known, unread)


def read_partials(
    order: PartitionOrder, keys: Sequence[str], labels: Labels, objects: ObjectStore
) -> Partials:
    """Partials of the rows in these segments; a row that is there twice counts once.

    One object that is no segment holds up neither its day nor the others of the run.
    """
    schema = segment_schema(order.layout)
    tables, unread = [schema.empty_table()], dict(labels.unread)
    for key in keys:
        with _told(key, unread):
            tables.append(read_segment(objects.get(key), schema))
    table = pa.concat_tables(tables).combine_chunks()
    identities = row_keys(_hashes(table["request_id"]), table["row"].to_numpy())
    unique, first = np.unique(identities, return_index=True)
    if len(unique) < table.num_rows:
        table, identities = table.take(pa.array(np.sort(first))), identities[np.sort(first)]
    columns = {
        feature: _summarise(table[column], kind, feature, identities, order.baseline)
        for feature, (column, kind) in order.features.items()
    }
    return Partials(columns, _judge(table, identities, labels.known, order.layout), unread)


def merge_partials(parts: Sequence[Partials]) -> Partials:
    """Partials of all the rows together."""
    return Partials(
        partials.merge_columns([part.columns for part in parts]),
        Quality.merge([part.quality for part in parts]),
        {key: why for part in parts for key, why in part.unread.items()},
    )


@contextmanager
def _told(key: str, unread: dict[str, str]) -> Iterator[None]:
    """Tells of an object that cannot be read, and goes on."""
    try:
        yield
    except (BadSegment, BadLabels) as error:
        unread[key] = str(error)
    except ObjectNotFound:
        unread[key] = "it is there no more"


def _judge(table: pa.Table, identities: HashArray, labels: Known, layout: CaptureLayout) -> Quality:
    if not labels:
        return Quality()
    rows = np.fromiter((row for _, row in labels), dtype=np.int64, count=len(labels))
    known = row_keys(hash_strings([identity for identity, _ in labels]), rows)
    order = np.argsort(known)
    place = np.minimum(np.searchsorted(known, identities, sorter=order), len(known) - 1)
    matched = known[order][place] == identities
    values = list(labels.values())
    actual = [values[i] for i in order[place[matched]]]
    told = table[PREDICTION].filter(pa.array(matched))
    if layout.task == "regression":
        numbers, truth = _floats(told), np.array(actual, dtype=np.float64)
        there = ~np.isnan(numbers)
        quality = Quality.of_numbers(truth[there], numbers[there])
        return replace(quality, unanswered=int(np.count_nonzero(~there)))
    texts = [str(label) for label in actual]
    shares = np.zeros(0)
    if layout.classes:
        columns = {name: index for index, name in enumerate(layout.classes)}
        by_class = np.column_stack(
            [_floats(table[PROBABILITY_PREFIX + name].filter(matched)) for name in columns]
        )
        # A class that the model does not know had no probability at all.
        by_class = np.column_stack([by_class, np.zeros(len(texts))])
        found = [columns.get(text, len(columns)) for text in texts]
        shares = by_class[np.arange(len(texts)), found]
        shares = shares[~np.isnan(shares)]
    return Quality.of_classes(texts, [str(value) for value in told.to_pylist()], shares)


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
    # A whole number beyond 2**53 becomes the float nearest to it.
    return values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def _hashes(texts: pa.ChunkedArray) -> HashArray:
    array = texts.cast(pa.large_string()).combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    _, offsets, data = array.buffers()
    places = np.frombuffer(offsets, dtype=np.int64) if offsets else np.zeros(1, dtype=np.int64)
    places = places[array.offset : array.offset + len(array) + 1]
    content = np.frombuffer(data, dtype=np.uint8) if data else np.zeros(0, dtype=np.uint8)
    return hash_bytes(content, places)
