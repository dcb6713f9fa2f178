"""The spool and the shipper: torn records, two shippers, a bucket that is away, midnight."""

import errno
import io
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from platform_process import wait_for
from stand_in_bucket import Bucket

from scienceops.core.captures import CapturedCall, CaptureLayout
from scienceops.core.names import Partition
from scienceops.core.schema import Column, Schema
from scienceops.errors import CaptureUnavailable
from scorer_container.capture import DAMAGED, CaptureSpool
from scorer_container.seal import seal
from scorer_container.ship import Shipper
from scorer_container.spooled import from_frames, whole_frames

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


def test_a_torn_last_record_of_a_dead_writer_is_none(tmp_path):
    spool = open_spool(tmp_path)
    spool.append([call(0), call(1)])
    spool.append([call(2)])
    content = spooled(tmp_path)
    dead = tmp_path / "dead"
    dead.mkdir()
    (dead / "b-00000001.open").write_bytes(content[:-1])
    bucket = Bucket()
    assert Shipper(dead, bucket, LAYOUT, **FACTS).ship_all() == 1
    assert [ids(data) for data in bucket.objects.values()] == [["r0", "r1"]]
    assert list(dead.iterdir()) == []


def test_the_same_spool_makes_the_same_bytes(tmp_path):
    spool = open_spool(tmp_path)
    spool.append([call(1)])
    frames, _ = whole_frames(spooled(tmp_path))
    assert seal(frames, LAYOUT, **FACTS) == seal(frames, LAYOUT, **FACTS)


def test_only_a_column_whose_values_repeat_is_written_by_a_list_of_them(tmp_path):
    layout = CaptureLayout("regression", Schema((Column("x", "number"), Column("k", "number"))))
    at = datetime.fromisoformat("2026-11-20T10:00:00+00:00")
    x, k = np.sqrt(np.arange(9000.0)), np.arange(9000.0) % 7
    spool = open_spool(tmp_path)
    spool.append([CapturedCall("r", at, None, 1.5, [x, k], x.tolist())])
    (data,) = seal(whole_frames(spooled(tmp_path))[0], layout, **FACTS).values()
    file = pq.ParquetFile(io.BytesIO(data))
    group = file.metadata.row_group(0)
    columns = [group.column(place) for place in range(group.num_columns)]
    listed = {c.path_in_schema for c in columns if c.has_dictionary_page}
    assert {"input.x", "prediction"}.isdisjoint(listed)
    assert {"input.k", "request_id", "service"} <= listed
    table = file.read()
    assert table["input.x"].to_pylist() == x.tolist()
    assert table["input.k"].to_pylist() == k.tolist()


def test_a_file_over_midnight_is_cut_by_the_day_in_utc(tmp_path):
    spool = open_spool(tmp_path)
    spool.append([call(1, "2026-11-20T23:59:59.999999+00:00")])
    spool.append([call(2, "2026-11-21T00:00:00+00:00")])
    spool.append([call(3, "2026-11-21T01:00:00+02:00")])
    sealed = seal(whole_frames(spooled(tmp_path))[0], LAYOUT, **FACTS)
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
    frames, _ = whole_frames(spooled(tmp_path))
    kept = [call.request_id for calls in from_frames(frames) for call in calls]
    assert kept == [f"r{number}" for number in range(1, len(kept) + 1)]
    assert 1 <= len(kept) < 8


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


@pytest.mark.parametrize(
    ("suffix", "spoil", "shipped"),
    [
        # What is no record any more, in whole frames.
        (".sealed", lambda content: content[:-3] + b"\xc1\xc1\xc1", []),
        # A sealed file ends with a whole frame.
        (".sealed", lambda content: content[:-1], ["r0"]),
        (".sealed", lambda content: content + bytes(8), ["r0", "r5"]),
        # Another format is nothing unfinished.
        (".open", lambda content: content + b'{"request_id":"r7"}\n', ["r0", "r5"]),
        (".open", lambda _: b'{"request_id":"r7"}\n', []),
    ],
)
def test_a_damaged_file_is_kept_aside_and_holds_up_no_other(tmp_path, suffix, spoil, shipped):
    spool = open_spool(tmp_path)
    spool.append([call(0)])
    spool.append([call(5)])
    content = spoil(spooled(tmp_path))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / f"a-00000001{suffix}").write_bytes(content)
    open_spool(folder, rows=1).append([call(1)])
    bucket = Bucket()
    shipper = Shipper(folder, bucket, LAYOUT, **FACTS)
    assert (shipper.ship_all(), shipper.waiting()) == (1, 0)
    assert sorted(i for data in bucket.objects.values() for i in ids(data)) == sorted(
        [*shipped, "r1"]
    )
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        f"a-00000001{DAMAGED}": content
    }


def test_a_file_that_was_mended_is_shipped_with_the_rows_that_could_not_be_read(tmp_path):
    spool = open_spool(tmp_path)
    spool.append([call(0)])
    spool.append([call(5)])
    content = spooled(tmp_path)
    folder = tmp_path / "folder"
    folder.mkdir()
    sealed = folder / "a-00000001.sealed"
    sealed.write_bytes(content[:-1])
    bucket = Bucket()
    shipper = Shipper(folder, bucket, LAYOUT, **FACTS)
    assert shipper.ship_all() == 0
    (folder / f"a-00000001{DAMAGED}").unlink()
    sealed.write_bytes(content)
    assert shipper.ship_all() == 1
    # Of fewer rows than were shipped nothing is taken back.
    sealed.write_bytes(content[: len(content) // 2])
    shipper.ship_all()
    assert [ids(data) for data in bucket.objects.values()] == [["r0", "r5"]]


@pytest.mark.parametrize("kept", [0, 8], ids=["cut short", "an end of zeros"])
def test_a_segment_that_was_damaged_in_the_bucket_is_put_right_and_holds_up_no_other(
    tmp_path, kept
):
    open_spool(tmp_path).append([call(0)])
    content = spooled(tmp_path)
    folder = tmp_path / "folder"
    folder.mkdir()
    sealed = folder / "a-00000001.sealed"
    bucket = Bucket()
    shipper = Shipper(folder, bucket, LAYOUT, **FACTS)
    sealed.write_bytes(content)
    shipper.ship_all()
    ((key, whole),) = bucket.objects.items()
    # The last eight bytes tell that it is Parquet, and how long what describes it is.
    bucket.objects[key] = whole[:-100] + bytes(100 - kept) + whole[len(whole) - kept :]
    sealed.write_bytes(content)
    assert shipper.ship_all() == 1
    assert bucket.objects == {key: whole}


def test_what_a_segment_cannot_hold_is_kept_aside_too(tmp_path):
    odd = call(1)
    odd.predictions = ["no number"]
    open_spool(tmp_path, rows=1).append([odd])
    bucket = Bucket()
    assert Shipper(tmp_path, bucket, LAYOUT, **FACTS).ship_all() == 0
    assert [path.suffix for path in tmp_path.iterdir()] == [DAMAGED]
    assert bucket.objects == {}


def test_a_disk_that_fails_once_ends_no_sealing(tmp_path, monkeypatch):
    real, failed = Path.rename, []

    def rename(path, target):
        if path.suffix == ".open" and not failed:
            failed.append(path)
            raise OSError(errno.EIO, "input/output error")
        return real(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    open_spool(tmp_path, seconds=0.05).append([call(1)])
    wait_for(lambda: list(tmp_path.glob("*.sealed")), 10, "the file to be sealed")
    assert failed


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
