"""A regression may have no number for a row: its label is known, and spoils no others."""

import io
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scienceops.adapters.local import connect
from scienceops.config import Settings
from scienceops.core.captures import CaptureLayout
from scienceops.core.names import Partition
from scienceops.core.schema import Column, Schema
from scienceops.core.segments import segment_schema
from scienceops.core.stats.baseline import Baseline
from scienceops.core.stats.quality import Quality, measure_quality
from stats_job.read import Labels, PartitionOrder, merge_partials, read_partials

LAYOUT = CaptureLayout("regression", Schema((Column("x", "number"),)))
PLACE = Partition("sums", 1, date(2026, 11, 20))
KNOWN = {("r", row): 2.0 + row for row in range(4)}


def quality_of(tmp_path, predictions):
    """Of one segment with these predictions, labelled by KNOWN, as it travels between engines."""
    objects = connect(Settings(home=tmp_path)).objects
    rows = len(predictions)
    columns = {
        "request_id": ["r"] * rows,
        "row": list(range(rows)),
        "captured_at": [datetime(2026, 11, 20, tzinfo=UTC)] * rows,
        "service": ["sums"] * rows,
        "version": [1] * rows,
        "package_digest": ["d"] * rows,
        "correlation_id": [None] * rows,
        "latency_ms": [1.0] * rows,
        "input.x": [1.0] * rows,
        "prediction": predictions,
    }
    out = io.BytesIO()
    pq.write_table(pa.table(columns, schema=segment_schema(LAYOUT)), out)
    key = PLACE.segment_key("a", 1)
    objects.put(key, out.getvalue())
    order = PartitionOrder(PLACE, (key,), (), LAYOUT, Baseline({}))
    part = read_partials(order, order.keys, Labels(KNOWN, {}), objects)
    return Quality.from_json(merge_partials([part]).quality.to_json())


def test_labelled_rows_without_a_number_leave_the_measures_of_the_others(tmp_path):
    quality = quality_of(tmp_path, [3.0, None, 3.0, 5.0])
    found = measure_quality(quality)
    assert (quality.labelled, found["labelled"], found["unanswered"]) == (4, 4.0, 1.0)
    assert found["mae"] == pytest.approx(2 / 3)
    assert {"rmse", "r2"} <= set(found)


def test_where_no_row_has_a_number_the_labels_are_counted_all_the_same(tmp_path):
    assert measure_quality(quality_of(tmp_path, [None] * 4)) == {"labelled": 4.0, "unanswered": 4.0}
