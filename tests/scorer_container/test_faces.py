"""The two faces of the scorer: the same requests, the same answers, on WSGI alone and on Flask."""

import io
import json
import logging
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest
from face import KEY, LIMIT, Face
from hypothesis import given, settings
from hypothesis import strategies as st
from models import iris_rows, pack_diabetes

from scorer_container.seal import seal
from scorer_container.ship import read_layout
from scorer_container.spooled import whole_frames


def body_of(rows):
    return json.dumps({"input_df": rows}).encode()


def test_rows_are_scored_captured_and_answered(face):
    status, headers, answer = face.ask("POST", "/score", body_of(iris_rows()[:3]))
    assert (status, headers["content-type"]) == (200, "application/json")
    assert int(headers["content-length"]) == len(answer)
    reply = json.loads(answer)
    assert reply["predictions"] == ["setosa"] * 3
    assert [round(sum(row.values()), 9) for row in reply["probabilities"]] == [1.0] * 3
    (call,) = face.captured()
    assert call["request_id"] == reply["request_id"]
    assert list(zip(*call["columns"], strict=True)) == [tuple(r.values()) for r in iris_rows()[:3]]
    assert call["predictions"] == reply["predictions"]
    assert call["probabilities"] == {
        label: [row[label] for row in reply["probabilities"]] for label in reply["probabilities"][0]
    }
    assert call["correlation_id"] is None


def test_many_rows_are_shipped_as_they_came_and_were_answered(face, tmp_path):
    rows = iris_rows()
    reply = json.loads(face.ask("POST", "/score", body_of(rows))[2])
    one = json.loads(face.ask("POST", "/score", body_of(rows[-1:]))[2])
    spooled = b"".join(path.read_bytes() for path in face.spool.iterdir())
    frames, _ = whole_frames(spooled)
    (data,) = seal(frames, read_layout(tmp_path / "package"), "iris", 1, "d" * 64).values()
    table = pq.read_table(io.BytesIO(data)).to_pylist()
    assert len(table) == len(rows) + 1 == 151
    assert _part(table, "input.") == [*rows, rows[-1]]
    assert _part(table, "probability.") == reply["probabilities"] + one["probabilities"]
    assert [row["prediction"] for row in table] == reply["predictions"] + one["predictions"]
    assert [row["row"] for row in table] == [*range(150), 0]
    assert {row["request_id"] for row in table} == {reply["request_id"], one["request_id"]}


numbers = st.one_of(st.floats(-1e6, 1e6), st.integers(-1000, 1000))
patients = st.fixed_dictionaries(
    {
        **dict.fromkeys(("age", "bp", "s5"), numbers),
        "bmi": st.one_of(st.none(), numbers),
        "sex": st.one_of(st.sampled_from(["female", "male"]), st.text(max_size=3)),
    }
)


@given(st.lists(patients, min_size=1, max_size=3), st.sampled_from([1, 40]))
@settings(max_examples=60, deadline=None)
def test_whatever_the_schema_takes_is_answered_and_counted(diabetes, rows, times):
    before = _counted(diabetes)
    status, _, answer = diabetes.ask("POST", "/score", body_of(rows * times))
    assert (status, len(json.loads(answer)["predictions"])) == (200, len(rows) * times)
    assert _counted(diabetes) == before + len(rows) * times


@pytest.fixture(scope="module")
def diabetes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("diabetes")
    return Face(folder, pack_diabetes(folder), fast=True)


def _counted(face):
    text = face.ask("GET", "/metrics")[2].decode()
    return next(
        int(line.split()[-1]) for line in text.splitlines() if "captured_rows_total{" in line
    )


def _part(table, prefix):
    return [
        {n.removeprefix(prefix): v for n, v in row.items() if n.startswith(prefix)} for row in table
    ]


def test_headers_name_time_correlation_and_whether_it_is_captured(face):
    body = body_of(iris_rows()[:1])
    at = "2026-11-20T10:00:00+01:00"
    face.ask("POST", "/score", body, X_ScienceOps_Captured_At=at, X_ScienceOps_Correlation_Id="me")
    assert face.ask("POST", "/score", body, X_ScienceOps_Capture="off")[0] == 200
    (call,) = face.captured()
    assert call["captured_at"] == datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert call["correlation_id"] == "me"


@pytest.mark.parametrize(("flags", "lines"), [("01", 1), ("00", 0)])
def test_a_call_whose_trace_is_recorded_leaves_one_line(face, caplog, flags, lines):
    caplog.set_level(logging.INFO)
    trace_id, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    body = body_of(iris_rows()[:1])
    _, _, answer = face.ask("POST", "/score", body, traceparent=f"00-{trace_id}-{span}-{flags}")
    told = [record for record in caplog.records if record.getMessage() == "rows scored"]
    assert len(told) == lines
    for record in told:
        assert (record.trace_id, record.parent_span_id) == (trace_id, span)
        assert record.request_id == json.loads(answer)["request_id"]


def test_a_refused_call_is_told_of_with_its_status(face, caplog):
    caplog.set_level(logging.INFO)
    header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    face.ask("POST", "/score", b"{}", traceparent=header)
    (told,) = [record for record in caplog.records if record.getMessage() == "rows scored"]
    assert told.status >= 400


BAD = [
    (b"", 400, "no JSON"),
    (b"{", 400, "no JSON"),
    (b"\xff\xfe{", 400, "no JSON"),
    (b"[" * 100_000, 400, "no JSON"),
    (b"[]", 400, "wanted"),
    (b"null", 400, "wanted"),
    (b'{"input_df": [], "more": 1}', 400, "nothing else"),
    (b'{"input_df": 3}', 422, "list"),
    (b'{"input_df": []}', 422, "row"),
    (b'{"input_df": [3]}', 422, "not an object"),
    (b'{"input_df": [{"petal length (cm)": NaN}]}', 400, "NaN"),
    (body_of([{**iris_rows()[0], "petal width (cm)": "wide"}]), 422, "wide"),
    (body_of([{**iris_rows()[0], "petal width (cm)": None}]), 422, "missing value"),
    (body_of([{**iris_rows()[0], "petal width (cm)": True}]), 422, "bool"),
    (body_of([{**iris_rows()[0], "petal": 1.0}]), 422, "unknown column"),
    (body_of([iris_rows()[0], {}]), 422, "missing value"),
]


@pytest.mark.parametrize(("body", "status", "says"), BAD)
def test_what_is_wrong_is_named_and_nothing_is_captured(face, body, status, says):
    came, headers, answer = face.ask("POST", "/score", body)
    problem = json.loads(answer)
    assert (came, problem["status"]) == (status, status)
    assert headers["content-type"] == "application/problem+json"
    assert says in json.dumps(problem)
    assert face.captured() == []


def test_a_row_that_the_model_has_no_finite_answer_to_is_refused(face):
    row = {**iris_rows()[0], "petal width (cm)": -1.7e308, "petal length (cm)": 1.7e308}
    status, _, answer = face.ask("POST", "/score", body_of([iris_rows()[0], row]))
    problem = json.loads(answer)
    assert (status, problem["problems"][0]["row"]) == (422, 1), problem
    assert "no finite answer" in problem["problems"][0]["problem"]
    assert face.captured() == []


@pytest.mark.parametrize("key", ["", "Bearer other", "Basic abc", f"bearer {KEY} "])
def test_the_key_is_the_gateways(face, key):
    status, _, _ = face.ask("POST", "/score", body_of(iris_rows()[:1]), Authorization=key)
    assert status == (200 if KEY in key else 401)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused_and_one_at_it_is_not(face, chunked):
    body = body_of(iris_rows()[:1])
    assert face.ask("POST", "/score", body.ljust(LIMIT), chunked=chunked)[0] == 200
    status, _, answer = face.ask("POST", "/score", body.ljust(LIMIT + 1), chunked=chunked)
    assert (status, json.loads(answer)["status"]) == (413, 413)
    assert len(face.captured()) == 1


@pytest.mark.parametrize("fast", [True, False])
def test_a_full_spool_is_told_with_a_time_to_come_back(tmp_path, package, fast):
    face = Face(tmp_path, package, fast=fast, spool_limit=10)
    status, headers, _ = face.ask("POST", "/score", body_of(iris_rows()[:1]))
    assert (status, headers["retry-after"]) == (503, "5")
    assert face.captured() == []


def test_health_and_readiness(face):
    assert json.loads(face.ask("GET", "/healthz")[2]) == {"status": "alive"}
    assert json.loads(face.ask("GET", "/readyz")[2]) == {"status": "ready"}


def test_other_paths_and_methods_are_told_as_problems(face):
    status, headers, _ = face.ask("GET", "/score")
    assert (status, set(headers["allow"].split(", "))) == (405, {"OPTIONS", "POST"})
    assert face.ask("POST", "/healthz")[0] == 405
    status, headers, _ = face.ask("GET", "/nowhere")
    assert (status, headers["content-type"]) == (404, "application/problem+json")


def test_metadata_says_what_runs(face):
    runtime = json.loads(face.ask("GET", "/metadata")[2])["runtime"]
    assert runtime["kind"] == "compiled"
    assert runtime["rows"] > 100


def test_calls_that_were_scored_and_refused_are_counted(face):
    face.ask("POST", "/score", body_of(iris_rows()[:4]))
    face.ask("POST", "/score", body_of([{**iris_rows()[0], "petal width (cm)": 99.0}]))
    face.ask("POST", "/score", b"{")
    text = face.ask("GET", "/metrics")[2].decode()
    counts = {
        line.partition("{")[0] + line.partition("status=")[2][:5]: line.rpartition(" ")[2]
        for line in text.splitlines()
        if line.startswith(("scienceops_requests", "scienceops_rows", "scienceops_unusual"))
    }
    assert counts['scienceops_requests_total"200"'] == "2"
    assert counts['scienceops_requests_total"400"'] == "1"
    assert counts["scienceops_rows_total"] == "5"
    assert counts["scienceops_unusual_values_total"] == "1"


def test_scoring_needs_no_web_framework(tmp_path, package):
    face = Face(tmp_path, package, fast=True)
    face.ask("POST", "/score", body_of(iris_rows()[:1]))
    face.ask("POST", "/score", b"{")
    face.ask("GET", "/readyz")
    assert face.flask_made == 0
    face.ask("GET", "/metadata")
    face.ask("GET", "/metrics")
    assert face.flask_made == 1


@pytest.mark.parametrize("fast", [True, False])
def test_missing_values_and_categories_go_through(tmp_path, fast):
    face = Face(tmp_path, pack_diabetes(tmp_path), fast=fast)
    row = {"age": 0.01, "bmi": None, "bp": 0.02, "s5": 0.0, "sex": "other"}
    status, _, answer = face.ask("POST", "/score", body_of([row, {**row, "bmi": 0.05}]))
    assert status == 200
    assert len(json.loads(answer)["predictions"]) == 2
    status, _, answer = face.ask("POST", "/score", body_of([row]))
    assert status == 200, answer
