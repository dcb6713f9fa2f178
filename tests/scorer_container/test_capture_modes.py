"""Capture modes: what each waits for, what it shares, and what it does when that does not come."""

import json
import os
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from face import Face
from models import iris_rows
from platform_process import wait_for
from scorer_process import Scorer

from scienceops.core.captures import CapturedCall
from scienceops.core.ids import RequestIds
from scienceops.errors import CaptureUnavailable
from scorer_container.capture import DAMAGED, CaptureSpool
from scorer_container.capture_modes import Buffered, Off, Sampled, Stored, Synced, capture_of
from scorer_container.group_commit import GroupCommit
from scorer_container.spooled import from_frames, to_frame, whole_frames


def call(number=0):
    identity = RequestIds("key").make(1_700_000_000_000 + number, number.to_bytes(10, "big"))
    return CapturedCall(identity, datetime(2026, 11, 20, tzinfo=UTC), None, 1.0, [[1.0]], ["a"])


def open_spool(folder, limit=10**6, **more):
    return CaptureSpool(
        folder, "a", segment_seconds=3600, segment_rows=10**6, limit_bytes=limit, **more
    )


def spooled(*paths):
    # A hidden file is about to get its name.
    named = [path for path in paths if not path.name.startswith(".")]
    frames = [frame for path in named for frame in whole_frames(path.read_bytes())[0]]
    return [call for calls in from_frames(frames) for call in calls]


def test_who_asks_during_a_commit_is_served_by_the_next():
    began, go = threading.Semaphore(0), threading.Semaphore(0)
    commits = []

    def commit():
        commits.append(len(commits))
        began.release()
        go.acquire()

    group = GroupCommit(commit)
    threads = [threading.Thread(target=group.wait)]
    threads[0].start()
    began.acquire()
    threads += [threading.Thread(target=group.wait) for _ in range(20)]
    for thread in threads[1:]:
        thread.start()
    wait_for(lambda: group._asked == 21, 10, "all of them to ask")
    assert threads[0].is_alive()
    go.release()
    threads[0].join(10)
    began.acquire()
    assert all(thread.is_alive() for thread in threads[1:])
    go.release()
    for thread in threads:
        thread.join(10)
    assert commits == [0, 1]


def test_a_commit_that_fails_fails_for_each_who_waits():
    def commit():
        raise OSError("no")

    group = GroupCommit(commit)
    failed = []

    def ask():
        try:
            group.wait()
        except OSError as error:
            failed.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert failed == ["no"] * 10


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


def test_a_disk_that_fails_refuses_the_call(tmp_path, monkeypatch):
    def broken(_file):
        raise OSError(5, "Input/output error")

    capture = Synced(open_spool(tmp_path, synced=True))
    monkeypatch.setattr(os, "fdatasync", broken)
    with pytest.raises(CaptureUnavailable, match="Input/output error"):
        capture.keep([call()])


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
        thread.join(10)
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
    thread.join(10)
    assert len(errors) == 1


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


def failing(monkeypatch, name, times):
    """Let a call of `os` fail so many times."""
    real, left = getattr(os, name), [OSError(5, "Input/output error")] * times

    def act(*values, **more):
        if left:
            raise left.pop()
        return real(*values, **more)

    monkeypatch.setattr(os, name, act)


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


@pytest.mark.parametrize("fast", [True, False])
def test_off_answers_and_keeps_nothing(tmp_path, package, fast):
    face = Face(tmp_path, package, fast=fast, mode="off")
    body = json.dumps({"input_df": iris_rows()[:3]}).encode()
    assert face.ask("POST", "/score", body)[0] == 200
    assert face.captured() == []
    text = face.ask("GET", "/metrics")[2].decode()
    assert [line.split()[-1] for line in text.splitlines() if line.startswith("scienceops_c")] == [
        "0"
    ]


@pytest.mark.parametrize("mode", ["durable", "synced", "stored", "buffered"])
def test_every_mode_records_what_a_real_scorer_answered(tmp_path, package, mode):
    scorer = Scorer(tmp_path, package, SCORER_CAPTURE=mode).start()
    answered = []

    def load():
        for _ in range(20):
            status, answer = scorer.score(iris_rows()[:2])
            assert status == 200, answer
            if mode == "stored":
                assert [
                    r["row"] for r in scorer.captured() if r["request_id"] == answer["request_id"]
                ]
            answered.append(answer["request_id"])

    clients = [threading.Thread(target=load) for _ in range(4)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(60)
    assert len(answered) == 80
    assert scorer.stop() == 0
    rows = [(r["request_id"], r["row"]) for r in scorer.captured()]
    assert sorted(rows) == sorted((identity, row) for identity in answered for row in (0, 1))


def test_a_bucket_that_is_away_makes_stored_calls_wait_and_then_tells(tmp_path, package):
    scorer = Scorer(tmp_path, package, SCORER_CAPTURE="stored").start()
    assert scorer.score(iris_rows()[:1])[0] == 200
    bucket = scorer.home / "bucket"
    bucket.rename(scorer.home / "away")
    bucket.write_text("no folder")
    status, problem = scorer.score(iris_rows()[:1])
    assert (status, problem["title"]) == (503, "CaptureUnavailable")
    bucket.unlink()
    (scorer.home / "away").rename(bucket)

    def answers():
        return scorer.score(iris_rows()[:1])[0] == 200

    wait_for(answers, 60, "an answer")
    # Kept all the while, and stored now: more than was answered, never less.
    wait_for(lambda: len(scorer.captured()) >= 3, 30, "what was kept")
    assert scorer.stop() == 0


def test_a_sampled_service_records_a_share_of_whole_calls(tmp_path, package):
    scorer = Scorer(tmp_path, package, SCORER_SAMPLING="0.5").start()
    answered = [scorer.score(iris_rows()[:3])[1]["request_id"] for _ in range(60)]
    assert scorer.stop() == 0
    counts = dict.fromkeys(answered, 0)
    for row in scorer.captured():
        counts[row["request_id"]] += 1
    assert set(counts.values()) == {0, 3}
    chosen = {identity for identity in answered if int(identity[-8:], 16) < 2**31}
    assert {identity for identity, count in counts.items() if count} == chosen


def test_a_stop_writes_what_is_buffered(tmp_path, package):
    scorer = Scorer(tmp_path, package, SCORER_CAPTURE="buffered").start()
    answered = [scorer.score(iris_rows()[:1])[1]["request_id"] for _ in range(5)]
    scorer.process.send_signal(signal.SIGTERM)
    assert scorer.stop() == 0
    assert sorted(r["request_id"] for r in scorer.captured()) == sorted(answered)
