"""Capture modes of a whole scorer: what each records of what it answered."""

import json
import signal
import threading

import pytest
from face import Face
from models import iris_rows
from platform_process import wait_for
from scorer_process import Scorer

FIRST = "the first ones"


def answers_at_first(scorer):
    """Wait until a call is answered: what ships captures may be starting longer than one waits."""

    def answers():
        return scorer.score(iris_rows()[:1], X_ScienceOps_Correlation_Id=FIRST)[0] == 200

    wait_for(answers, 60, "the first answer")


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
    answers_at_first(scorer)
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
        client.join()
    assert len(answered) == 80
    assert scorer.stop() == 0
    captured = [r for r in scorer.captured() if r["correlation_id"] != FIRST]
    rows = [(r["request_id"], r["row"]) for r in captured]
    assert sorted(rows) == sorted((identity, row) for identity in answered for row in (0, 1))


def test_a_bucket_that_is_away_makes_stored_calls_wait_and_then_tells(tmp_path, package):
    scorer = Scorer(tmp_path, package, SCORER_CAPTURE="stored").start()
    answers_at_first(scorer)
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
