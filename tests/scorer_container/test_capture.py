"""The spool and the shipper: torn records, two shippers, a bucket that is away, midnight."""

import io
import json
from datetime import date, datetime

import numpy as np
import pyarrow.parquet as pq
import pytest
from stand_in_bucket import Bucket

from scienceops.core.captures import CapturedCall, CaptureLayout
from scienceops.core.names import Partition
from scienceops.core.schema import Column, Schema
from scienceops.errors import CaptureUnavailable
from scorer_container.capture import CaptureSpool
from scorer_container.seal import seal
from scorer_container.ship import Shipper

LAYOUT = CaptureLayout("regression", Schema((Column("x", "number"),)))
FACTS = {"service": "iris", "version": 1, "digest": "d" * 64}


def call(number: int, at: str = "2026-11-20T10:00:00+00:00") -> CapturedCall:
    return CapturedCall(
        f"r{number}", datetime.fromisoformat(at), None, 1.5, [[float(number)]], [2.0 * number]
    )


def open_spool(folder, *, rows=10, limit=1_000_000, seconds=3600.0):
    return CaptureSpool(folder, "a", segment_seconds=seconds, segment_rows=rows, limit_bytes=limit)


def spooled(folder) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def ids(data: bytes) -> list[str]:
    return [row["request_id"] for row in pq.read_table(io.BytesIO(data)).to_pylist()]


def test_a_torn_last_record_is_none(tmp_path):
    spool = open_spool(tmp_path)
    for number in range(3):
        spool.append([call(number)])
    whole = spooled(tmp_path)
    for cut in (1, 10, len(whole.splitlines(keepends=True)[-1]) - 1):
        ((_, data),) = seal(whole[:-cut], LAYOUT, **FACTS).items()
        assert ids(data) == ["r0", "r1"]


def test_the_same_spool_makes_the_same_bytes(tmp_path):
    spool = open_spool(tmp_path)
    spool.append([call(1)])
    assert seal(spooled(tmp_path), LAYOUT, **FACTS) == seal(spooled(tmp_path), LAYOUT, **FACTS)


def test_a_file_over_midnight_is_cut_by_the_day_in_utc(tmp_path):
    spool = open_spool(tmp_path)
    spool.append([call(1, "2026-11-20T23:59:59.999999+00:00")])
    spool.append([call(2, "2026-11-21T00:00:00+00:00")])
    spool.append([call(3, "2026-11-21T01:00:00+02:00")])
    sealed = seal(spooled(tmp_path), LAYOUT, **FACTS)
    assert {p: ids(data) for p, data in sealed.items()} == {
        Partition("iris", 1, date(2026, 11, 20)): ["r1", "r3"],
        Partition("iris", 1, date(2026, 11, 21)): ["r2"],
    }


def test_a_spool_that_is_full_refuses_and_keeps_what_it_has(tmp_path):
    spool = open_spool(tmp_path, limit=300)
    spool.append([call(1)])
    with pytest.raises(CaptureUnavailable, match="not scored"):
        for number in range(2, 9):
            spool.append([call(number)])
    lines = spooled(tmp_path).splitlines()
    assert json.loads(lines[0])["request_id"] == "r1"
    assert all(json.loads(line) for line in lines)


def test_shipping_takes_sealed_files_and_leaves_the_open_one_to_its_writer(tmp_path):
    spool = open_spool(tmp_path, rows=2)
    for number in range(5):
        spool.append([call(number)])
    bucket = Bucket()
    shipper = Shipper(tmp_path, bucket, LAYOUT, **FACTS)
    assert (shipper.ship_all(), shipper.waiting()) == (2, 1)
    assert sorted(i for data in bucket.objects.values() for i in ids(data)) == [
        "r0",
        "r1",
        "r2",
        "r3",
    ]


def test_a_shipper_that_died_between_put_and_delete_leaves_no_double(tmp_path):
    spool = open_spool(tmp_path, rows=1)
    spool.append([call(1)])
    bucket = Bucket(die_after_put=True)
    with pytest.raises(ConnectionError):
        Shipper(tmp_path, bucket, LAYOUT, **FACTS).ship_all()
    bucket.die_after_put = False
    assert Shipper(tmp_path, bucket, LAYOUT, **FACTS).ship_all() == 1
    assert len(bucket.objects) == 1


def test_two_shippers_on_one_folder_ship_each_file_once(tmp_path):
    spool = open_spool(tmp_path, rows=1)
    for number in range(6):
        spool.append([call(number)])
    bucket = Bucket()
    first, second = (Shipper(tmp_path, bucket, LAYOUT, **FACTS) for _ in range(2))
    bucket.before_put = second.ship_all
    first.ship_all()
    assert sorted(i for data in bucket.objects.values() for i in ids(data)) == [
        f"r{n}" for n in range(6)
    ]
    assert first.waiting() == 0


def test_a_bucket_that_is_away_loses_nothing_and_gets_all_when_it_is_back(tmp_path):
    spool = open_spool(tmp_path, rows=1)
    spool.append([call(1)])
    spool.append([call(2)])
    bucket = Bucket()
    bucket.away = True
    shipper = Shipper(tmp_path, bucket, LAYOUT, **FACTS)
    with pytest.raises(ConnectionError):
        shipper.ship_all()
    assert shipper.waiting() == 2
    bucket.away = False
    assert shipper.ship_all() == 2


def test_an_array_of_another_type_is_not_kept_for_it_would_be_read_otherwise(tmp_path):
    odd = call(1)
    odd.columns = [np.array([1.0], dtype=np.float32)]
    with pytest.raises(TypeError, match="holds no <f4: wanted float64"):
        open_spool(tmp_path).append([odd])
    assert spooled(tmp_path) == b""
