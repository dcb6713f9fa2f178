"""Captures on a disk that fails: what was kept, what is refused, and what is lost by nobody."""

import os
from pathlib import Path

import pytest
from platform_process import wait_for
from spool_calls import call, failing, open_spool, spooled

from scienceops.errors import CaptureUnavailable
from scorer_container.capture import CaptureSpool
from scorer_container.capture_modes import Buffered, Synced, capture_of


def test_a_disk_that_fails_refuses_the_call(tmp_path, monkeypatch):
    def broken(_file):
        raise OSError(5, "Input/output error")

    capture = Synced(open_spool(tmp_path, synced=True))
    monkeypatch.setattr(os, "fdatasync", broken)
    with pytest.raises(CaptureUnavailable, match="Input/output error"):
        capture.keep([call()])


def test_a_disk_that_fails_once_ends_no_writing_of_what_is_buffered(tmp_path, monkeypatch):
    spool = open_spool(tmp_path)
    real, failed = spool.append_frame, []

    def append_frame(frame, rows, **more):
        if not failed:
            failed.append(rows)
            raise OSError(5, "Input/output error")
        return real(frame, rows, **more)

    monkeypatch.setattr(spool, "append_frame", append_frame)
    Buffered(spool).keep([call()])
    wait_for(lambda: spooled(*tmp_path.iterdir()), 10, "the call in the spool")
    assert failed


def test_a_disk_that_failed_once_is_not_believed_when_it_says_that_it_has_all(
    tmp_path, monkeypatch
):
    spool = open_spool(tmp_path, synced=True)
    capture, first = Synced(spool), spool.append([call()])
    failing(monkeypatch, "fdatasync", 1)
    with pytest.raises(CaptureUnavailable, match="Input/output error"):
        capture.keep([call(1)])
    # It says yes to whoever asks again, and what it lost has been lost.
    spool.sync()
    with pytest.raises(CaptureUnavailable, match="the disk did not take"):
        spool.check_synced(first)
    assert capture.keep([call(2)]) == [True]
    assert [c.request_id for c in spooled(*sorted(tmp_path.iterdir()))] == [
        call(number).request_id for number in range(3)
    ]


def test_a_file_that_cannot_be_synced_when_it_is_sealed_is_told_to_those_who_wrote(
    tmp_path, monkeypatch
):
    spool = CaptureSpool(
        tmp_path, "a", segment_seconds=3600, segment_rows=2, limit_bytes=10**6, synced=True
    )
    capture = Synced(spool)
    assert capture.keep([call()]) == [True]
    failing(monkeypatch, "fdatasync", 1)
    with pytest.raises(CaptureUnavailable, match="the disk did not take"):
        capture.keep([call(1)])
    assert capture.keep([call(2)]) == [True]


def test_what_was_kept_is_kept_though_its_file_cannot_be_sealed(tmp_path, monkeypatch):
    spool = CaptureSpool(tmp_path, "a", segment_seconds=3600, segment_rows=1, limit_bytes=10**6)
    real = Path.rename

    def rename(path, target):
        if path.suffix == ".open":
            raise OSError(30, "Read-only file system")
        return real(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    capture = capture_of("durable", 1, spool)
    assert [capture.keep([call(n)]) for n in range(3)] == [[True]] * 3
    monkeypatch.undo()
    assert capture.keep([call(3)]) == [True]
    (sealed,) = tmp_path.iterdir()
    assert (sealed.suffix, len(spooled(sealed))) == (".sealed", 4)


@pytest.mark.parametrize("name", ["open", "fsync"])
def test_a_file_that_cannot_be_opened_leaves_nothing_and_the_call_is_told_to_come_again(
    tmp_path, monkeypatch, name
):
    spool = open_spool(tmp_path, synced=True)
    failing(monkeypatch, name, 1)
    with pytest.raises(CaptureUnavailable, match="not scored"):
        spool.append([call()])
    assert list(tmp_path.iterdir()) == []
    spool.append([call()])
    assert len(spooled(*tmp_path.iterdir())) == 1
