"""A selection says what hinders it, and takes no column for one of its own."""

import io
from contextlib import contextmanager
from datetime import date
from types import SimpleNamespace

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scienceops.adapters.local import connect
from scienceops.config import Settings
from scienceops.core.labels import Label
from scienceops.core.names import OF_TRAINING, SOURCE, Partition
from scienceops.core.retraining import Selection
from scienceops.core.schema import Column, Schema
from scienceops.errors import BadInput, BadSchema
from scienceops.packing.extras import check_columns
from scienceops.training.select import freeze, select

DAY = date(2026, 11, 20)
ORIGINAL = pd.DataFrame({"x": range(40), "vip": [True, False] * 20, "y": [0, 1] * 20})


def order_of(tmp_path, labels, *more):
    """An order to select captured rows with these labels, beside ORIGINAL; more: columns that the
    base version takes and the one that answered did not."""
    objects = connect(Settings(home=tmp_path)).objects
    place = Partition("club", 1, DAY)
    at = pd.Timestamp(DAY, tz="UTC")
    table = pa.table(
        {
            "request_id": ["r"] * len(labels),
            "row": list(range(len(labels))),
            "captured_at": pa.array([at] * len(labels), pa.timestamp("us", tz="UTC")),
            "prediction": ["0"] * len(labels),
            "input.x": pa.array(range(len(labels)), pa.int64()),
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out)
    key, label_key = place.segment_key("a", 1), f"{place.labels_prefix}1.jsonl"
    objects.put(key, out.getvalue())
    lines = [Label("r", row, label, "eva").to_line() for row, label in enumerate(labels)]
    objects.put(label_key, b"".join(lines))
    original = io.BytesIO()
    ORIGINAL.to_parquet(original)

    @contextmanager
    def package(_version):
        yield SimpleNamespace(read=lambda _file: original.getvalue())

    return SimpleNamespace(
        service="club",
        number=1,
        base=1,
        original=1,
        target="y",
        task="classification",
        selection=Selection(since=DAY, until=DAY),
        flags=(),
        requested_at="2026-11-22T00:00:00+00:00",
        partitions=({"version": 1, "keys": [key], "label_keys": [label_key]},),
        objects=objects,
        package=package,
        schema=Schema((Column("x", "integer"), *more)),
    )


def test_a_class_that_the_target_cannot_hold_is_a_problem_that_names_it(tmp_path):
    _, report = select(order_of(tmp_path, ["0", "1", "unknown"]))
    (problem,) = report["problems"]
    assert "'unknown' in column 'y'" in problem
    assert "int64" in problem


def test_a_column_that_was_never_captured_is_missing(tmp_path):
    order = order_of(tmp_path, ["0", "1"])
    rows, report = select(order)
    assert report["problems"] == []
    assert rows[rows[SOURCE] == "captured"]["vip"].isna().all()
    assert freeze(order, rows, report)


def test_rows_of_a_version_without_a_column_that_is_needed_now_are_left_out_and_told(tmp_path):
    rows, report = select(order_of(tmp_path, ["0", "1"], Column("vip", "boolean")))
    assert (report["chosen"], report["with_other_columns"]) == (0, 2)
    assert "2 lack a column that version 1 takes" in report["problems"][0]
    assert set(rows[SOURCE]) == {"original"}


def test_rows_of_a_version_without_a_column_that_may_be_missing_are_learned_from(tmp_path):
    _, report = select(order_of(tmp_path, ["0", "1"], Column("vip", "boolean", nullable=True)))
    assert (report["chosen"], report["problems"]) == (2, [])
    assert "with_other_columns" not in report


@pytest.mark.parametrize("name", sorted(OF_TRAINING))
def test_a_column_named_as_one_that_retraining_adds_is_refused(name):
    with pytest.raises(BadSchema, match="may not be named"):
        Schema((Column(name, "number"),))
    with pytest.raises(BadInput, match="rename the column"):
        check_columns(pd.DataFrame({"x": [1], name: [2]}))
