"""Capture modes: what each waits for, what it shares, and what it does when that does not come."""

import json
import os
import signal
import threading
from datetime import UTC, datetime

import pytest
from face import Face
from models import iris_rows, pack_iris
from platform_process import wait_for
from scorer_process import Scorer

from scienceops.core.captures import CapturedCall
from scienceops.core.ids import RequestIds
from scienceops.errors import CaptureUnavailable
from scorer_container.capture import CaptureSpool
from scorer_container.capture_modes import Buffered, Off, Sampled, Stored, Synced, capture_of
from scorer_container.group_commit import GroupCommit
from scorer_container.spooled import to_lines


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return pack_iris(tmp_path_factory.mktemp("package"))


def call(number=0):
    identity = RequestIds("key").make(1_700_000_000_000 + number, number.to_bytes(10, "big"))
    return CapturedCall(identity, datetime(2026, 11, 20, tzinfo=UTC), None, 1.0, [[1.0]], ["a"])


def open_spool(folder, limit=10**6, **more):
    return CaptureSpool(
        folder, "a", segment_seconds=3600, segment_rows=10**6, limit_bytes=limit, **more
    )


def lines(folder):
    return [line for path in folder.iterdir() for line in path.read_bytes().splitlines()]


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
    assert synced == [len(lines(tmp_path)[0]) + 1]


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
    wait_for(lambda: len(lines(tmp_path)) == 20, 10, "the other calls")
    assert kept == []
    first[0].unlink()
    second = wait_for(lambda: list(tmp_path.glob("*.sealed")), 10, "the next file")
    assert len(second[0].read_bytes().splitlines()) == 19
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
    assert len(lines(tmp_path)) == 1


def test_a_buffered_call_is_written_soon_and_when_the_process_ends(tmp_path):
    capture = Buffered(open_spool(tmp_path))
    assert capture.keep([call()]) == [True]
    wait_for(lambda: len(lines(tmp_path)) == 1, 10, "the call in the spool")
    capture.keep([call(1)])
    capture.flush()
    assert len(lines(tmp_path)) == 2


def test_buffered_calls_are_refused_when_there_is_no_room_behind(tmp_path):
    capture = Buffered(open_spool(tmp_path, limit=10))
    assert capture.keep([call()]) == [True]
    capture.flush()
    (tmp_path / "b-00000001.sealed").write_bytes(b"x" * 20)
    wait_for(lambda: not capture._spool.has_room(), 10, "a full spool")
    with pytest.raises(CaptureUnavailable):
        capture.keep([call(1)])


def test_a_share_is_chosen_by_id_and_is_near_what_was_asked_for(tmp_path):
    capture = Sampled(0.25, Buffered(open_spool(tmp_path)))
    first = capture.keep([call(n) for n in range(4000)])
    assert 800 < sum(first) < 1200
    # The same ones, whether they come alone or at once.
    assert first == [kept for n in range(4000) for kept in capture.keep([call(n)])]
    assert not any(Sampled(0.5, Off()).keep([call(n) for n in range(100)]))
    wait_for(lambda: len(lines(tmp_path)) == 2 * sum(first), 10, "the chosen calls in the spool")


@pytest.mark.parametrize("mode", ["durable", "synced"])
def test_calls_that_come_at_once_are_written_and_committed_once(tmp_path, monkeypatch, mode):
    capture = capture_of(mode, 1.0, open_spool(tmp_path, synced=mode == "synced"))
    writes, commits = [], []
    write, sync = os.write, os.fdatasync
    monkeypatch.setattr(os, "write", lambda file, data: writes.append(data) or write(file, data))
    monkeypatch.setattr(os, "fdatasync", lambda file: commits.append(file) or sync(file))
    assert capture.keep([call(n) for n in range(20)]) == [True] * 20
    assert (len(writes), len(commits)) == (1, mode == "synced")
    assert len(lines(tmp_path)) == 20


def test_of_calls_that_come_at_once_all_are_kept_or_none(tmp_path):
    size = len(to_lines([call()]))
    capture = capture_of("durable", 1.0, open_spool(tmp_path, limit=3 * size))
    capture.keep([call()])
    with pytest.raises(CaptureUnavailable):
        capture.keep([call(n) for n in range(3)])
    assert len(lines(tmp_path)) == 1
    capture.keep([call(n) for n in range(2)])
    assert len(lines(tmp_path)) == 3


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
