"""Calls that come at once: computed by one predict, each answered and kept as if it were alone."""

import io
import json
import os
import signal
import socket
from contextlib import ExitStack

import pyarrow as pa
import pytest
from face import KEY, Face, environ_of
from http_server import answer, children, request
from models import iris_rows, pack_diabetes
from scorer_process import Scorer

from scienceops.errors import ModelFailed
from scorer_container.pace import MOST_SECONDS, SMALL_BYTES, Pace
from scorer_container.protocols.native import NativeForm

SCORE = "/score"


@pytest.fixture
def face(tmp_path, package):
    return Face(tmp_path, package, fast=True)


def body_of(rows):
    return json.dumps({"input_df": rows}).encode()


def post(body, path=SCORE, **headers):
    return environ_of("POST", path, body, **headers), body


def counted(face, name):
    """The sum of a counter over its labels."""
    text = face.ask("GET", "/metrics")[2].decode()
    return sum(int(line.split()[-1]) for line in text.splitlines() if line.startswith(f"{name}{{"))


def watched(face, monkeypatch):
    """How many rows each predict of the model gets."""
    counts, predict = [], face.scoring._runner.predict_table

    def noted(table):
        counts.append(table.count)
        return predict(table)

    monkeypatch.setattr(face.scoring._runner, "predict_table", noted)
    return counts


def test_each_call_has_the_answer_that_it_has_alone(face, monkeypatch):
    bodies = [body_of(iris_rows()[n : n + 1 + n % 3]) for n in range(0, 140, 7)]
    alone = [json.loads(face.ask("POST", SCORE, body)[2]) for body in bodies]
    counts = watched(face, monkeypatch)
    replies = face.app.quick([post(body) for body in bodies])
    assert counts == [sum(1 + n % 3 for n in range(0, 140, 7))]
    answers = [json.loads(reply.body) for reply in replies]
    assert [reply.status for reply in replies] == [200] * len(bodies)
    for told, expected in zip(answers, alone, strict=True):
        assert told["predictions"] == expected["predictions"]
        assert told["probabilities"] == expected["probabilities"]
    identities = [told["request_id"] for told in [*alone, *answers]]
    assert len(set(identities)) == 2 * len(bodies)
    captured = face.captured()
    assert [call["request_id"] for call in captured] == identities
    for call, told in zip(captured[len(bodies) :], answers, strict=True):
        assert call["predictions"] == told["predictions"]
        shares = told["probabilities"]
        assert call["probabilities"] == {n: [row[n] for row in shares] for n in shares[0]}
    assert counted(face, "scienceops_captured_rows_total") == 2 * sum(counts)


def test_a_model_that_is_not_proved_to_answer_alike_in_company_is_asked_for_each(face, monkeypatch):
    monkeypatch.setattr(face.scoring, "_together", False)
    counts = watched(face, monkeypatch)
    body = body_of(iris_rows()[:2])
    assert [reply.status for reply in face.app.quick([post(body)] * 3)] == [200] * 3
    assert counts == [2, 2, 2]


def test_many_rows_are_computed_in_as_many_predicts_as_it_takes(face, monkeypatch):
    counts = watched(face, monkeypatch)
    sizes = [64] * 9 + [65, 1, 1]
    replies = face.app.quick([post(body_of(iris_rows()[:size])) for size in sizes])
    assert [len(json.loads(reply.body)["predictions"]) for reply in replies] == sizes
    assert counts == [512, 64, 65, 2]


def test_numbers_text_and_what_is_missing_of_several_callers_stay_theirs(tmp_path):
    face = Face(tmp_path, pack_diabetes(tmp_path), fast=True)
    row = {"age": 0.01, "bp": 0.02, "s5": -0.01, "bmi": 0.03, "sex": "male"}
    rows = [row, {**row, "bmi": None}, {**row, "sex": "female"}, {**row, "sex": "other"}]
    alone = [json.loads(face.ask("POST", SCORE, body_of([one]))[2])["predictions"] for one in rows]
    replies = face.app.quick([post(body_of([one])) for one in rows])
    assert [json.loads(reply.body)["predictions"] for reply in replies] == alone
    assert len({tuple(predictions) for predictions in alone}) > 1
    assert face.captured()[5]["columns"] == face.captured()[1]["columns"]


def test_what_is_wrong_with_one_is_told_to_that_one_alone(face):
    fine, rows = body_of(iris_rows()[:1]), iris_rows()
    wide = body_of([{**rows[0], "petal width (cm)": "wide"}])
    asked = [
        post(fine),
        post(wide),
        post(b"{"),
        post(b'{"input_df": [{"\\ud800": 1}]}'),
        (post(fine)[0] | {"HTTP_AUTHORIZATION": f"Bearer {KEY}x"}, fine),
        post(fine, X_ScienceOps_Captured_At="yesterday"),
        (environ_of("GET", "/healthz", b""), b""),
        post(fine, X_ScienceOps_Capture="off"),
        post(fine, "/v2/models/iris/infer"),
        post(fine, CONTENT_ENCODING="gzip"),
        post(fine, "/elsewhere"),
        post(fine),
    ]
    replies = face.app.quick(asked)
    assert [getattr(reply, "status", reply) for reply in replies] == [
        200, 422, 400, 422, 401, 500, 200, 200, 400, None, None, 200,
    ]  # fmt: skip
    assert b"wide" in replies[1].body
    ids = [json.loads(replies[place].body)["request_id"] for place in (0, 7, 11)]
    assert [call["request_id"] for call in face.captured()] == [ids[0], ids[2]]
    assert rb"\\ud800" in replies[3].body
    assert counted(face, "scienceops_requests_total") == 9
    assert counted(face, "scienceops_rows_total") == 3


def test_rows_that_the_model_refuses_refuse_no_others(face, monkeypatch):
    predict = face.scoring._runner.predict_table
    odd = iris_rows()[70]

    def refusing(table):
        if odd["petal width (cm)"] in list(table.columns[3]):
            raise ModelFailed("the model does not like it")
        return predict(table)

    monkeypatch.setattr(face.scoring._runner, "predict_table", refusing)
    rows = [iris_rows()[0], odd, iris_rows()[1]]
    replies = face.app.quick([post(body_of([row])) for row in rows])
    assert [reply.status for reply in replies] == [200, 500, 200]
    assert len(face.captured()) == 2


def test_that_the_model_failed_is_told_and_the_log_says_why(face, monkeypatch, caplog):
    def refusing(table):
        raise ModelFailed("the model does not like it")

    monkeypatch.setattr(face.scoring._runner, "predict_table", refusing)
    (reply,) = face.app.quick([post(body_of(iris_rows()[:1]))])
    told = json.loads(reply.body)
    assert (reply.status, told["title"]) == (500, "ModelFailed")
    assert told["detail"].startswith("the model gave no answer to these rows; the log has it under")
    assert "does not like" not in told["detail"]
    reference = told["reference"]
    (record,) = [r for r in caplog.records if getattr(r, "reference", "") == reference]
    assert "the model does not like it" in str(record.exc_info[1])


def test_a_problem_that_cannot_be_written_is_a_fault_of_its_own_call(face, monkeypatch):
    refuse, form = NativeForm.refuse, face.scoring.native

    def failing(self, problem):
        if problem.status == 422:
            raise ValueError("no words for it")
        return refuse(self, problem)

    monkeypatch.setattr(type(form), "refuse", failing)
    bodies = [body_of(iris_rows()[:1]), body_of([{}]), body_of(iris_rows()[1:2])]
    assert [reply.status for reply in face.app.quick(list(map(post, bodies)))] == [200, 500, 200]


def test_a_spool_without_room_refuses_all_of_them_and_keeps_none(tmp_path, package):
    face = Face(tmp_path, package, fast=True, spool_limit=1000)
    body = body_of(iris_rows()[:1])
    uncaptured = post(body, X_ScienceOps_Capture="off")
    replies = face.app.quick([*(post(body) for _ in range(8)), uncaptured])
    assert [reply.status for reply in replies] == [503] * 8 + [200]
    assert {reply.headers["Retry-After"] for reply in replies[:8]} == {"5"}
    assert face.captured() == []
    assert counted(face, "scienceops_captured_rows_total") == 0
    assert face.app.quick([post(body)])[0].status == 200


def test_what_is_small_or_fast_is_quick():
    pace = Pace()
    large = 10 * SMALL_BYTES
    assert pace.is_quick(SMALL_BYTES)
    assert not pace.is_quick(large)
    pace.took(large, MOST_SECONDS / 2, scored=True)
    assert pace.is_quick(2 * large)
    assert not pace.is_quick(3 * large)
    pace.took(SMALL_BYTES, 10 * MOST_SECONDS, scored=True)
    assert pace.is_quick(2 * large)
    pace.took(large, MOST_SECONDS / 1000, scored=False)
    assert not pace.is_quick(3 * large)
    # What is refused may have taken long, too.
    pace.took(large, 2 * MOST_SECONDS, scored=False)
    assert not pace.is_quick(large)
    pace.took(large, MOST_SECONDS, scored=True)
    assert pace.is_quick(large)
    pace.took(large, 2 * MOST_SECONDS, scored=True)
    assert not pace.is_quick(large)
    assert pace.is_quick(SMALL_BYTES)


def test_a_large_body_is_left_to_a_thread_until_the_model_is_known_to_be_fast(face, monkeypatch):
    # However slow this machine is, the model takes no time.
    monkeypatch.setattr("scorer_container.fast.time.thread_time", lambda: 0.0)
    body = body_of(iris_rows() * 10)
    assert len(body) > SMALL_BYTES
    assert face.app.quick([post(body)]) == [None]
    # What is refused says nothing.
    assert face.ask("POST", SCORE, body[:-1])[0] == 400
    assert face.app.quick([post(body)]) == [None]
    assert face.ask("POST", SCORE, body)[0] == 200
    assert face.app.quick([post(body)])[0].status == 200
    # A gzipped one says nothing about others, and is for a thread.
    assert face.app.quick([post(body, CONTENT_ENCODING="gzip")]) == [None]


def test_the_first_call_in_arrow_is_left_to_a_thread_for_it_loads_much(face):
    table, out = pa.Table.from_pylist(iris_rows()[:2]), io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as stream:
        stream.write_table(table)
    kind = "Application/vnd.apache.arrow.stream; v=1"
    call = post(out.getvalue(), kind=kind)
    assert face.app.quick([call, post(body_of(iris_rows()[:1]))])[0] is None
    assert face.ask("POST", SCORE, out.getvalue(), kind=kind)[0] == 200
    assert face.app.quick([call])[0].status == 200


@pytest.mark.parametrize("mode", ["durable", "synced"])
def test_clients_that_ask_a_scorer_at_once_get_their_own_rows_scored_and_kept(
    tmp_path, package, mode
):
    scorer = Scorer(tmp_path, package, SCORER_CAPTURE=mode).start()
    (serve, *_) = children(scorer.process.pid)
    (worker,) = children(serve)
    rows = iris_rows()[::3]
    alone = [scorer.score([row])[1] for row in rows]
    with ExitStack() as lines:
        asked = [
            lines.enter_context(socket.create_connection(("127.0.0.1", scorer.port))) for _ in rows
        ]
        os.kill(worker, signal.SIGSTOP)
        for line, row in zip(asked, rows, strict=True):
            line.sendall(request("POST", SCORE, body_of([row]), Authorization=f"Bearer {KEY}"))
        os.kill(worker, signal.SIGCONT)
        told = [json.loads(answer(line)[1]) for line in asked]
    for one, expected in zip(told, alone, strict=True):
        assert one["predictions"] == expected["predictions"]
        assert one["probabilities"] == expected["probabilities"]
    assert scorer.stop() == 0
    kept = {row["request_id"]: row for row in scorer.captured()}
    assert len(kept) == 2 * len(rows)
    for one, row in zip(told, rows, strict=True):
        record = kept[one["request_id"]]
        assert {name: record[f"input.{name}"] for name in row} == row
        assert record["prediction"] == one["predictions"][0]
