"""The loop as its users drive it: pack, push, score, statistics, history."""

import json
import shutil
import time
from datetime import UTC, datetime, timedelta

import pytest
from containers.broken_packages import CRASHES, with_script
from models import diabetes_frame, iris_rows, pack_diabetes, pack_iris, pack_text
from platform_process import wait_for


@pytest.fixture(scope="module")
def iris(platform, tmp_path_factory):
    pushed = platform.json("push", str(pack_iris(tmp_path_factory.mktemp("p"))), "--wait")
    assert (pushed["state"], pushed["version"]) == ("live", 1)
    return platform.json("keys", "iris", "create")["key"]


def test_a_pushed_package_scores_with_its_key(platform, iris):
    status, headers, answer = platform.score("iris", iris_rows()[:3], iris)
    assert status == 200
    assert headers["X-ScienceOps-Version"] == "1"
    assert answer["predictions"] == ["setosa"] * 3
    assert sum(answer["probabilities"][0].values()) == pytest.approx(1)


def test_every_scored_row_is_captured_with_its_inputs_and_answer(platform, iris):
    rows = iris_rows()[50:55]
    _, _, answer = platform.score("iris", rows, iris, X_Request_Id="order-17")

    def mine():
        return [r for r in platform.captured("iris") if r["request_id"] == answer["request_id"]]

    captured = wait_for(lambda: mine() or None, 20, "the capture")
    assert [r["row"] for r in captured] == [0, 1, 2, 3, 4]
    assert captured[0]["input.petal length (cm)"] == rows[0]["petal length (cm)"]
    assert [r["prediction"] for r in captured] == answer["predictions"]
    assert {r["correlation_id"] for r in captured} == {"order-17"}
    assert captured[0]["probability.setosa"] == answer["probabilities"][0]["setosa"]


def told_of(platform, trace_id):
    """Lines of gateway and scorer that belong to a trace."""
    logs = platform.home.rglob("logs/*.log")
    # One that is being written has no end yet.
    lines = [line for log in logs for line in log.read_text().split("\n")[:-1]]
    found = [json.loads(line) for line in lines if line.startswith("{") and trace_id in line]
    return {line["message"]: line for line in found if line.get("trace_id") == trace_id}


def test_one_trace_leads_from_the_caller_through_the_gateway_to_scorer_and_capture(platform, iris):
    trace_id, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    header = f"00-{trace_id}-{span}-01"
    _, _, answer = platform.score("iris", iris_rows()[:1], iris, traceparent=header)
    told = wait_for(
        lambda: len(found := told_of(platform, trace_id)) == 2 and found, 20, "both lines"
    )
    gateway, scorer = told["call answered"], told["rows scored"]
    assert gateway["parent_span_id"] == span
    assert scorer["parent_span_id"] == gateway["span_id"]
    assert gateway["request_id"] == scorer["request_id"] == answer["request_id"]

    def mine():
        return [r for r in platform.captured("iris") if r["request_id"] == answer["request_id"]]

    (captured,) = wait_for(lambda: mine() or None, 20, "the capture")
    assert captured["correlation_id"] == header


def test_scoring_without_a_key_says_how_to_get_one(platform, iris):
    status, _, problem = platform.score("iris", iris_rows()[:1], "so_wrong")
    assert status == 401
    assert "scienceops keys iris create" in problem["detail"]


def test_a_wrong_type_is_refused_naming_row_and_column(platform, iris):
    rows = iris_rows()[:2]
    rows[1] = {**rows[1], "petal width (cm)": "wide"}
    status, _, problem = platform.score("iris", rows, iris)
    assert status == 422
    assert problem["problems"] == [
        {
            "row": 1,
            "column": "petal width (cm)",
            "problem": "wrong type",
            "got": 'string "wide"',
            "wanted": "a number",
        }
    ]


def test_an_unknown_column_is_refused_with_the_one_that_was_meant(platform, iris):
    row = {**iris_rows()[0], "petal widht (cm)": 1.0}
    status, _, problem = platform.score("iris", [row], iris)
    assert status == 422
    assert problem["problems"][0]["wanted"] == "'petal width (cm)'?"


def test_out_of_range_values_are_scored(platform, iris):
    status, _, _ = platform.score("iris", [dict.fromkeys(iris_rows()[0], 99.0)], iris)
    assert status == 200


def test_a_revoked_key_stops_working_and_the_other_goes_on(platform, iris):
    second = platform.json("keys", "iris", "create")
    assert second["slot"] == "secondary"
    assert platform.score("iris", iris_rows()[:1], second["key"])[0] == 200
    platform.cli("keys", "iris", "revoke", "secondary")
    wait_for(lambda: platform.score("iris", iris_rows()[:1], second["key"])[0] == 401, 10)
    assert platform.score("iris", iris_rows()[:1], iris)[0] == 200


def test_the_same_bytes_again_are_the_same_version(platform, iris, tmp_path):
    again = platform.json("push", str(pack_iris(tmp_path)), "--wait")
    assert again["version"] == 1
    assert len(platform.json("status", "iris")["service"]["versions"]) == 1


def test_own_times_are_for_operators_on_simulated_services(platform, iris):
    row = iris_rows()[:1]
    at = "2026-01-02T03:04:05Z"
    assert platform.score("iris", row, iris, X_ScienceOps_Captured_At=at)[0] == 403
    owner = platform.owner_token()
    status, _, problem = platform.score("iris", row, owner, X_ScienceOps_Captured_At=at)
    assert (status, "simulated" in problem["detail"]) == (403, True)


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("notes.zip", b"these are notes, not a zip", "zip"),
        ("empty.zip", b"", ""),
    ],
)
def test_a_bad_upload_is_rejected_with_reason_and_fix(platform, iris, file, content, reason):
    folder = platform.home / "bucket" / "packages" / "iris"
    (folder / file).write_bytes(content)

    def rejected():
        found = platform.read("rejections")["rejections"]
        return next((r for r in found if r["key"] == f"packages/iris/{file}"), None)

    rejection = wait_for(rejected, 30, "the rejection")
    assert reason in rejection["reason"]
    assert rejection["reason"]
    assert platform.score("iris", iris_rows()[:1], iris)[0] == 200


def test_a_package_in_another_folder_than_its_name_is_rejected(platform, iris, tmp_path):
    folder = platform.home / "bucket" / "packages" / "tulips"
    folder.mkdir(parents=True)
    shutil.copy(pack_iris(tmp_path), folder / "model.zip")

    def rejected():
        found = platform.read("rejections")["rejections"]
        return next((r for r in found if r["key"] == "packages/tulips/model.zip"), None)

    assert "packages/iris/" in wait_for(rejected, 30, "the rejection")["fix"]


def test_a_package_that_is_copied_slowly_becomes_a_version(platform, tmp_path):
    data = pack_iris(tmp_path, name="slow").read_bytes()
    folder = platform.home / "bucket" / "packages" / "slow"
    folder.mkdir(parents=True)
    with (folder / "slow.zip").open("wb") as out:
        for part in range(8):
            out.write(data[part * len(data) // 8 : (part + 1) * len(data) // 8])
            out.flush()
            time.sleep(0.3)  # The slowness is what is tested.
    wait_for(lambda: platform.live("slow") == 1, 60, "version 1 to be live")
    assert not [r for r in platform.json("status")["rejections"] if "slow" in r["key"]]


def test_a_regression_with_missing_values_and_categories_serves_and_drifts(platform, tmp_path):
    platform.cli("push", str(pack_diabetes(tmp_path)), "--wait")
    frame, _ = diabetes_frame()
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    token = platform.owner_token()
    day = datetime.now(UTC).replace(hour=12) - timedelta(days=2)
    for shift in (0, 1):
        moved = [
            {**r, "bp": r["bp"] + 0.05 * shift, "sex": "female" if shift else r["sex"]}
            for r in rows
        ]
        at = (day + timedelta(days=shift)).isoformat()
        status, _, answer = platform.score("diabetes", moved, token, X_ScienceOps_Captured_At=at)
        assert (status, len(answer["predictions"])) == (200, len(rows))
        assert "probabilities" not in answer
    wait_for(lambda: len(platform.captured("diabetes")) == 2 * len(rows), 20, "the captures")
    found = platform.json("stats", "diabetes", "--run", "--engine", "inline")
    verdicts = {
        (r["prediction_date"], r["feature_name"]): r["value"]
        for r in found["rows"]
        if r["statistic"] == "verdict"
    }
    still, moved_day = sorted({d for d, _ in verdicts})
    assert {f for (d, f), v in verdicts.items() if d == still and v == 1} == set()
    assert {f for (d, f), v in verdicts.items() if d == moved_day and v == 1} >= {"bp", "sex"}
    missing = {
        r["value"]
        for r in found["rows"]
        if r["feature_name"] == "bmi" and r["statistic"] == "missing"
    }
    assert missing == {float(frame["bmi"].isna().sum())}


def test_a_text_model_serves(platform, tmp_path):
    platform.cli("push", str(pack_text(tmp_path)), "--wait")
    answer = platform.score("mood", [{"text": "lovely day"}], platform.owner_token())[2]
    assert answer["predictions"] == ["up"]


def test_a_second_version_replaces_the_first_without_a_failed_request(platform, iris, tmp_path):
    import threading

    done = threading.Event()
    statuses: list[int] = []
    versions: set[str] = set()

    def load():
        while not done.is_set():
            status, headers, _ = platform.score("iris", iris_rows()[:1], iris)
            statuses.append(status)
            versions.add(headers.get("X-ScienceOps-Version", ""))

    clients = [threading.Thread(target=load) for _ in range(4)]
    for client in clients:
        client.start()
    pushed = platform.json("push", str(pack_iris(tmp_path, strength=0.1)), "--wait")
    wait_for(
        lambda: (
            platform.read("services/iris")["versions"][1]["deployment"]["observed"] == "stopped"
        ),
        30,
        "the first version to stop",
    )
    done.set()
    for client in clients:
        client.join()
    assert (pushed["version"], pushed["state"]) == (2, "live")
    assert versions == {"1", "2"}
    assert set(statuses) == {200}, f"{len(statuses)} requests"


def test_history_says_what_was_live_and_since_when(platform, iris):
    today = datetime.now(UTC).date().isoformat()
    found = platform.json("history", "iris", "--at", today)
    assert found["live"]["details"]["version"] in (1, 2)
    actions = [e["action"] for e in found["entries"]]
    assert actions[0] == "service created"
    assert "version made live" in actions
    before = platform.json("history", "iris", "--at", "2020-01-01")
    assert before["live"] is None


def test_a_second_up_on_the_same_home_names_the_first(platform):
    second = platform.cli("up", "--port", "1", check=False)
    assert second.returncode == 1
    assert str(platform.host.pid) in second.stderr


def test_a_push_that_fails_says_why_and_what_to_do(platform, tmp_path):
    path = with_script(pack_iris(tmp_path, "crashing"), CRASHES, tmp_path / "crashing.zip")
    pushed = platform.cli("push", str(path), "--wait", check=False)
    assert pushed.returncode == 1
    assert "version 1 of crashing failed: " in pushed.stderr
    assert "the weights are not there" in pushed.stderr
    assert (
        "push it again; if the fault was elsewhere: `scienceops retry crashing 1`" in pushed.stderr
    )


def test_an_unknown_service_is_told_with_exit_code_3(platform):
    missing = platform.cli("status", "nothing-here", check=False)
    assert missing.returncode == 3
    assert "scienceops push" in missing.stderr
