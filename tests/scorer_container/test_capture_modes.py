"""Capture modes: what each waits for, what it shares, and what it does when that does not come."""

import os
import threading

import pytest
from platform_process import wait_for
from spool_calls import call, open_spool, spooled

from scienceops.errors import CaptureUnavailable
from scorer_container.capture import DAMAGED
from scorer_container.capture_modes import Buffered, Off, Sampled, Stored, Synced, capture_of
from scorer_container.spooled import to_frame


def test_a_synced_call_is_on_the_disk_when_it_is_kept(tmp_path, monkeypatch):
    synced = []
    real = os.fdatasync

    def watched(file):
        real(file)
        synced.append(os.fstat(file).st_size)

    monkeypatch.setattr(os, "fdatasync", watched)
    capture = Synced(open_spool(tmp_path, synced=True))
    assert capture.keep([call()]) == [True]
    assert synced == [len(to_frame([call()]))]


def test_a_stored_call_waits_for_its_file_to_be_taken_and_shares_it(tmp_path):
    spool = open_spool(tmp_path, stored=True)
    capture = Stored(spool, seconds=30)
    kept = []
    threads = [
        threading.Thread(target=lambda n=n: kept.append(capture.keep([call(n)]))) for n in range(20)
    ]
    threads[0].start()
    first = wait_for(lambda: list(tmp_path.glob("*.sealed")), 10, "a sealed file")
    for thread in threads[1:]:
        thread.start()
    wait_for(lambda: len(spooled(*tmp_path.iterdir())) == 20, 10, "the other calls")
    assert kept == []
    first[0].unlink()
    second = wait_for(lambda: list(tmp_path.glob("*.sealed")), 10, "the next file")
    assert len(spooled(second[0])) == 19
    second[0].unlink()
    for thread in threads:
        thread.join()
    assert kept == [[True]] * 20


def test_a_call_in_a_file_that_was_sealed_meanwhile_is_waited_for_as_well(tmp_path):
    spool = open_spool(tmp_path, stored=True)
    spool.append([call()])
    assert len(spool.seal()) == 1
    # Its writer comes to wait only now, and there is no open file to seal.
    with pytest.raises(CaptureUnavailable):
        Stored(spool, seconds=0.05)._store()
    for path in tmp_path.glob("*.sealed"):
        path.unlink()
    Stored(spool, seconds=0.05)._store()


def test_a_bucket_that_takes_too_long_refuses_the_call_and_loses_nothing(tmp_path):
    with pytest.raises(CaptureUnavailable, match="may still arrive"):
        Stored(open_spool(tmp_path, stored=True), seconds=0.05).keep([call()])
    assert len(spooled(*tmp_path.iterdir())) == 1


def test_a_call_whose_file_was_kept_aside_is_not_said_to_be_stored(tmp_path):
    capture, errors = Stored(open_spool(tmp_path, stored=True), seconds=30), []

    def keep():
        with pytest.raises(CaptureUnavailable, match="could not be put") as told:
            capture.keep([call()])
        errors.append(told)

    thread = threading.Thread(target=keep)
    thread.start()
    (sealed,) = wait_for(lambda: list(tmp_path.glob("*.sealed")), 10, "a sealed file")
    sealed.rename(sealed.with_suffix(DAMAGED))
    thread.join()
    assert len(errors) == 1


def test_a_buffered_call_is_written_soon_and_when_the_process_ends(tmp_path):
    capture = Buffered(open_spool(tmp_path))
    assert capture.keep([call()]) == [True]
    wait_for(lambda: len(spooled(*tmp_path.iterdir())) == 1, 10, "the call in the spool")
    capture.keep([call(1)])
    capture.flush()
    assert len(spooled(*tmp_path.iterdir())) == 2


def test_buffered_calls_are_refused_when_there_is_no_room_behind(tmp_path):
    one = len(to_frame([call()]))
    capture = Buffered(open_spool(tmp_path, limit=3 * one))
    for number in range(3):
        assert capture.keep([call(number)]) == [True]
    with pytest.raises(CaptureUnavailable):
        capture.keep([call(3)])
    capture.flush()
    assert len(spooled(*tmp_path.iterdir())) == 3
    with pytest.raises(CaptureUnavailable):
        capture.keep([call(4)])


def test_what_is_buffered_at_the_end_is_written_whatever_else_waits(tmp_path):
    capture = Buffered(open_spool(tmp_path, limit=10_000))
    capture.keep([call()])
    capture.flush()
    capture.keep([call(1), call(2)])
    # Another scorer's spool has taken the room meanwhile.
    (tmp_path / "b-00000001.sealed").write_bytes(b"x" * 10_000)
    wait_for(lambda: not capture._spool.has_room(), 10, "a full spool")
    capture.end()
    assert len(spooled(*tmp_path.glob("a*"))) == 3


def test_a_share_is_chosen_by_id_and_is_near_what_was_asked_for(tmp_path):
    capture = Sampled(0.25, Buffered(open_spool(tmp_path)))
    first = capture.keep([call(n) for n in range(4000)])
    assert 800 < sum(first) < 1200
    # The same ones, whether they come alone or at once.
    assert first == [kept for n in range(4000) for kept in capture.keep([call(n)])]
    assert not any(Sampled(0.5, Off()).keep([call(n) for n in range(100)]))
    wait_for(
        lambda: len(spooled(*tmp_path.iterdir())) == 2 * sum(first),
        10,
        "the chosen calls in the spool",
    )


@pytest.mark.parametrize("mode", ["durable", "synced"])
def test_calls_that_come_at_once_are_written_and_committed_once(tmp_path, monkeypatch, mode):
    capture = capture_of(mode, 1.0, open_spool(tmp_path, synced=mode == "synced"))
    writes, commits = [], []
    write, sync = os.write, os.fdatasync
    monkeypatch.setattr(os, "write", lambda file, data: writes.append(data) or write(file, data))
    monkeypatch.setattr(os, "fdatasync", lambda file: commits.append(file) or sync(file))
    assert capture.keep([call(n) for n in range(20)]) == [True] * 20
    assert (len(writes), len(commits)) == (1, mode == "synced")
    assert len(spooled(*tmp_path.iterdir())) == 20


def test_of_calls_that_come_at_once_all_are_kept_or_none(tmp_path):
    size = len(to_frame([call()]))
    capture = capture_of("durable", 1.0, open_spool(tmp_path, limit=3 * size))
    capture.keep([call()])
    with pytest.raises(CaptureUnavailable):
        capture.keep([call(n) for n in range(3)])
    assert len(spooled(*tmp_path.iterdir())) == 1
    capture.keep([call(n) for n in range(2)])
    assert len(spooled(*tmp_path.iterdir())) == 3
