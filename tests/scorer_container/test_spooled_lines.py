"""What a scorer of an earlier release acknowledged and had not shipped is shipped by this one."""

import io
from base64 import b64encode

import numpy as np
import pyarrow.parquet as pq
from stand_in_bucket import Bucket

from scienceops.core.captures import CaptureLayout
from scienceops.core.schema import Column, Schema
from scorer_container.ship import Shipper

LAYOUT = CaptureLayout("classification", Schema((Column("x", "number"),)), ("no", "yes"))
KEY = "captures/iris/1/date=2026-11-20/3bd6087e53386c2989ea-00000002.parquet"
#: As releases wrote them until 28 November 2026.
LISTS = (
    b'{"request_id":"01a","captured_at":"2026-11-20T10:38:31.900132Z","correlation_id":null,'
    b'"latency_ms":0.27,"columns":[[7.6,4.9]],"predictions":["yes","no"],'
    b'"probabilities":{"no":[0.25,0.75],"yes":[0.75,0.25]}}\n'
)
ARRAYS = (
    b'{"request_id":"01b","captured_at":"2026-11-20T10:38:32Z","correlation_id":"mine",'
    b'"latency_ms":0.5,"columns":[{"<f8":"%(x)b"}],"predictions":["yes"],'
    b'"probabilities":{"no":{"<f8":"%(no)b"},"yes":[0.5]}}\n'
)


def array(*values: float) -> bytes:
    return b64encode(np.array(values, "<f8").tobytes())


def shipped(folder, content: bytes, suffix: str = "open") -> list[dict[str, object]]:
    """The rows that come of a spool file, of which nothing may be left."""
    (folder / f"3bd6087e53386c2989ea-00000002.{suffix}").write_bytes(content)
    bucket = Bucket()
    shipper = Shipper(folder, bucket, LAYOUT, service="iris", version=1, digest="d" * 64)
    assert shipper.ship_all() == 1
    assert list(folder.iterdir()) == []
    return pq.read_table(io.BytesIO(bucket.objects[KEY])).to_pylist()


def test_lines_are_shipped_with_their_values(tmp_path):
    lines = LISTS + ARRAYS % {b"x": array(1.5), b"no": array(0.5)}
    rows = shipped(tmp_path, lines, "sealed")
    named = ("request_id", "row", "input.x", "prediction", "probability.no", "correlation_id")
    assert [tuple(row[name] for name in named) for row in rows] == [
        ("01a", 0, 7.6, "yes", 0.25, None),
        ("01a", 1, 4.9, "no", 0.75, None),
        ("01b", 0, 1.5, "yes", 0.5, "mine"),
    ]


def test_of_a_line_that_was_begun_nothing_was_acknowledged(tmp_path):
    assert [row["row"] for row in shipped(tmp_path, LISTS + LISTS[:-1])] == [0, 1]


def test_many_lines_are_all_shipped(tmp_path):
    assert len(shipped(tmp_path, LISTS * 1000)) == 2000


def test_lines_that_cannot_be_read_are_kept_aside(tmp_path):
    (tmp_path / "a-00000001.sealed").write_bytes(LISTS + b"{]\n")
    shipper = Shipper(tmp_path, Bucket(), LAYOUT, service="iris", version=1, digest="d" * 64)
    assert shipper.ship_all() == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a-00000001.damaged"]
