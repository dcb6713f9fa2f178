"""Whole numbers of 64 bits have statistics, and hold up no others."""

import io
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scienceops.adapters.local import connect
from scienceops.config import Settings
from scienceops.core.captures import CaptureLayout
from scienceops.core.names import Partition
from scienceops.core.schema import Column, Schema
from scienceops.core.segments import segment_schema
from scienceops.core.stats.baseline import build_baseline
from stats_job.read import Labels, PartitionOrder, read_partials

LAYOUT = CaptureLayout("regression", Schema((Column("id", "integer", nullable=True),)))
IDS = [2**53 + 1, 2**62, -(2**63), 2**63 - 1, 5]


def test_whole_numbers_beyond_those_of_floats_are_summarised(tmp_path):
    objects = connect(Settings(home=tmp_path)).objects
    place = Partition("club", 1, date(2026, 11, 20))
    key = place.segment_key("a", 1)
    rows = len(IDS) + 1
    columns = {
        "request_id": ["r"] * rows,
        "row": list(range(rows)),
        "captured_at": [datetime(2026, 11, 20, tzinfo=UTC)] * rows,
        "service": ["club"] * rows,
        "version": [1] * rows,
        "package_digest": ["d"] * rows,
        "correlation_id": [None] * rows,
        "latency_ms": [1.0] * rows,
        "input.id": [*IDS, None],
        "prediction": [1.0] * rows,
    }
    out = io.BytesIO()
    pq.write_table(pa.table(columns, schema=segment_schema(LAYOUT)), out)
    objects.put(key, out.getvalue())
    baseline = build_baseline({"id": np.array(IDS)}, {"id": "number"})
    order = PartitionOrder(place, (key,), (), LAYOUT, baseline)
    part = read_partials(order, order.keys, Labels({}, {}), objects).columns["id"]
    assert (part.rows, part.missing, part.distinct.estimate) == (rows, 1, len(IDS))
    floats = np.array(IDS, dtype=np.float64)
    assert (part.numbers.minimum, part.numbers.maximum) == (floats.min(), floats.max())
    assert part.numbers.moments.mean == pytest.approx(floats.mean())
    assert part.numbers.histogram[[0, -1]].tolist() == [0, 0]
