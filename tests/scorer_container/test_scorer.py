"""The scorer as a process: its endpoints, its refusals, and stops that lose nothing."""

import contextlib
import http.client
import json
import threading
import zipfile
from datetime import UTC, datetime

import pytest
from contract.waiting import PATIENCE
from models import iris_rows
from platform_process import wait_for
from scorer_process import KEY, Scorer

from scienceops.core.captures import CapturedCall
from scienceops.core.package import read_package
from scorer_container.capture import CaptureSpool


@pytest.fixture(scope="module")
def scorer(tmp_path_factory, package):
    running = Scorer(tmp_path_factory.mktemp("scorer"), package, workers=2)
    yield running.start()
    running.stop()


def test_it_answers_with_what_it_is_and_how_to_call_it(scorer):
    assert json.loads(scorer.ask("GET", "/healthz")[2]) == {"status": "alive"}
    metadata = json.loads(scorer.ask("GET", "/metadata")[2])
    assert (metadata["name"], metadata["version"], metadata["task"]) == (
        "iris",
        1,
        "classification",
    )
    assert metadata["package_digest"] == scorer.env["SCORER_PACKAGE_DIGEST"]
    described = json.loads(scorer.ask("GET", "/openapi.json")[2])
    assert described["openapi"].startswith("3.1")


@pytest.mark.parametrize(("key", "shown"), [(KEY, True), ("another", False), ("", False)])
def test_a_row_of_the_sample_and_ranges_are_for_those_who_may_score(scorer, key, shown):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    described = json.loads(scorer.ask("GET", "/openapi.json", **headers)[2])
    body = described["paths"]["/score"]["post"]["requestBody"]["content"]["application/json"]
    assert ("example" in body) is shown
    rows = body["schema"]["properties"]["input_df"]["items"]["properties"]
    assert ("x-maximum" in rows["petal length (cm)"]) is shown


def test_metrics_are_prometheus_text_and_count_calls_and_rows(scorer):
    scorer.score(iris_rows()[:3])
    status, headers, text = scorer.ask("GET", "/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = text.decode().splitlines()
    assert [line for line in lines if line.startswith("# TYPE")]
    samples = [line for line in lines if line and not line.startswith("#")]
    assert all(float(line.rpartition(" ")[2]) >= 0 for line in samples)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"{", 400, "no JSON"),
        (b"[" * 100_000, 400, "no JSON"),
        (b'{"input_df": [], "more": 1}', 400, "nothing else"),
        (b'{"input_df": 3}', 422, "list"),
        (b'{"input_df": []}', 422, "row"),
        (b'{"input_df": [{"petal length (cm)": NaN}]}', 400, "NaN"),
    ],
)
def test_a_body_that_is_none_is_refused_with_what_was_wanted(scorer, body, status, says):
    came, problem = scorer.score(body)
    assert came == status, problem
    assert says in json.dumps(problem)


def test_a_wrong_value_is_named_by_row_and_column_with_what_came(scorer):
    rows = iris_rows()[:2]
    bad = [rows[0], {**rows[1], "petal width (cm)": "wide"}]
    status, problem = scorer.score(bad)
    assert status == 422
    (found,) = problem["problems"]
    assert (found["row"], found["column"]) == (1, "petal width (cm)")
    assert "wide" in found["got"]
    assert "number" in found["wanted"]


def test_out_of_range_values_are_scored_and_captured(scorer):
    row = {**iris_rows()[0], "petal width (cm)": 99.0}
    status, answer = scorer.score([row])
    assert status == 200

    def captured():
        return [r for r in scorer.captured() if r["request_id"] == answer["request_id"]]

    (found,) = wait_for(captured, 15, "the capture")
    assert found["input.petal width (cm)"] == 99.0


def test_a_call_without_the_gateways_key_is_refused(scorer):
    body = {"input_df": iris_rows()[:1]}
    assert scorer.ask("POST", "/score", body)[0] == 401
    assert scorer.ask("POST", "/score", body, Authorization="Bearer other")[0] == 401


def test_a_body_beyond_the_limit_is_refused(scorer):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", scorer.port)) as line:
        line.putrequest("POST", "/score")
        line.putheader("Authorization", f"Bearer {KEY}")
        line.putheader("Content-Length", str(17 * 1024 * 1024))
        line.endheaders()
        assert line.getresponse().status == 413


def test_a_proof_is_scored_and_not_captured(scorer):
    status, answer = scorer.score(iris_rows()[:1], X_ScienceOps_Capture="off")
    marker, later = scorer.score(iris_rows()[:1])
    assert (status, marker) == (200, 200)

    def ids():
        return {r["request_id"] for r in scorer.captured()}

    wait_for(lambda: later["request_id"] in ids(), 15, "the later capture")
    assert answer["request_id"] not in ids()


def test_sigterm_under_load_drains_and_loses_no_acknowledged_row(tmp_path, package):
    scorer = Scorer(tmp_path, package, workers=2).start()
    acknowledged: list[str] = []
    stop = threading.Event()

    def load():
        while not stop.is_set():
            try:
                status, answer = scorer.score(iris_rows()[:5])
            except (OSError, ValueError):
                continue
            if status == 200:
                acknowledged.append(answer["request_id"])

    clients = [threading.Thread(target=load) for _ in range(3)]
    for client in clients:
        client.start()
    wait_for(lambda: len(acknowledged) > 100, 30, "some load")
    code = scorer.stop()
    stop.set()
    for client in clients:
        client.join()
    assert code == 0
    assert list(scorer.spool.glob("*.sealed")) + list(scorer.spool.glob("*.open")) == []
    counts = [r["request_id"] for r in scorer.captured()]
    assert len(counts) == 5 * len(acknowledged)
    assert set(counts) == set(acknowledged)


def test_it_stops_by_itself_when_the_process_above_dies(tmp_path, package):
    scorer = Scorer(tmp_path, package, SCORER_WATCH="stdin").start()
    status, answer = scorer.score(iris_rows()[:1])
    scorer.process.stdin.close()
    assert scorer.process.wait(40 * PATIENCE) == 0
    assert status == 200
    assert [r["request_id"] for r in scorer.captured()] == [answer["request_id"]]


def test_what_a_killed_scorer_left_is_shipped_by_the_next_one(tmp_path, package):
    first = Scorer(tmp_path, package, SCIENCEOPS_SEGMENT_SECONDS="60", SCORER_WATCH="stdin")
    _, answer = first.start().score(iris_rows()[:2])
    first.process.kill()
    first.process.wait()
    first.process.stdin.close()
    assert len(first.captured()) in (0, 2)
    second = Scorer(tmp_path, package, SCORER_REPLICA="next").start()
    rows = wait_for(second.captured, 15, "the captures of the first")
    assert [r["request_id"] for r in rows] == [answer["request_id"]] * 2
    assert second.stop() == 0


def test_what_a_worker_that_outlived_its_server_still_writes_is_waited_for(tmp_path, package):
    """This process stands in for that worker."""
    scorer = Scorer(tmp_path, package).start()
    orphan = CaptureSpool(
        scorer.spool, "orphan", segment_seconds=3600, segment_rows=1000, limit_bytes=1_000_000
    )
    shares = {"setosa": [1.0], "versicolor": [0.0], "virginica": [0.0]}
    columns = [[1.0]] * 4
    at = datetime(2026, 11, 20, tzinfo=UTC)
    orphan.append([CapturedCall("r1", at, None, 1.0, columns, ["setosa"], shares)])
    ends = threading.Timer(2.0, orphan.seal)
    ends.start()
    assert scorer.stop() == 0, scorer.log.read_text()
    ends.join()
    assert [row["request_id"] for row in scorer.captured()] == ["r1"]


def test_a_package_that_is_none_ends_it_with_exit_code_3_and_a_reason(tmp_path):
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"no zip at all")
    scorer = Scorer(tmp_path, broken)
    with pytest.raises(AssertionError, match="zip"):
        scorer.start()
    assert scorer.stop() == 3


def test_a_package_of_before_there_was_a_choice_of_runtime_is_served(tmp_path, package):
    folder = tmp_path / "package"
    read_package(package, limit_bytes=10**9).extract_to(folder)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    del manifest["runtime"], manifest["files"]["compiled.npz"]
    (folder / "compiled.npz").unlink()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    old = tmp_path / "old.zip"
    with zipfile.ZipFile(old, "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    scorer = Scorer(tmp_path, old).start()
    assert scorer.score(iris_rows()[:1])[0] == 200
    assert json.loads(scorer.ask("GET", "/metadata")[2])["runtime"] is None
    assert scorer.stop() == 0
