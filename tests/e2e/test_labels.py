"""Labels arrive late, twice, changed and wrong; quality follows them, day by day."""

import json
from datetime import UTC, datetime

import pytest
from labelled_week import day, noon
from models import diabetes_frame, iris_rows, pack_diabetes, pack_iris
from platform_process import running_platform, wait_for
from sklearn.datasets import load_iris

from scienceops.core.ids import uuid7

IRIS = load_iris()
TRUTH = [str(name) for name in IRIS.target_names[IRIS.target]]


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    with running_platform(tmp_path_factory.mktemp("home")) as platform:
        folder = tmp_path_factory.mktemp("packages")
        package = pack_iris(folder, policy={"simulated": True})
        platform.cli("push", str(package), "--wait")
        platform.cli("push", str(pack_diabetes(folder)), "--wait")
        yield platform


def score(platform, name, rows, days_ago):
    at = noon(days_ago).isoformat()
    status, _, answer = platform.score(
        name, rows, platform.owner_token(), X_ScienceOps_Captured_At=at
    )
    assert status == 200
    return answer


def label(platform, name, labels, key=None):
    return platform.request(
        "POST",
        f"/api/v1/service/{name}/labels",
        {"labels": labels},
        Authorization=f"Bearer {key or platform.owner_token()}",
    )


def quality(platform, name):
    found = platform.json("stats", name, "--run", "--engine", "inline")
    days: dict[str, dict[str, float]] = {}
    for row in found["rows"]:
        if row["feature_name"] == "(quality)":
            days.setdefault(row["prediction_date"], {})[row["statistic"]] = row["value"]
    return days


def test_late_labels_make_quality_of_the_day_of_the_call_and_the_latest_wins(platform):
    answer = score(platform, "iris", iris_rows(), 40)
    wait_for(lambda: len(platform.captured("iris")) == 150, 20, "the captures")
    wrong = [{"request_id": answer["request_id"], "row": i, "label": "setosa"} for i in range(150)]
    assert label(platform, "iris", wrong)[2]["accepted"] == 150
    ((then, found),) = quality(platform, "iris").items()
    assert then == day(40).isoformat()
    assert found["accuracy"] == pytest.approx(50 / 150)
    right = [
        {"request_id": answer["request_id"], "row": i, "label": name}
        for i, name in enumerate(TRUTH)
    ]
    for _ in range(2):
        label(platform, "iris", right)
    found = quality(platform, "iris")[then]
    expected = sum(told == truth for told, truth in zip(answer["predictions"], TRUTH, strict=True))
    assert found["labelled"] == 150
    assert found["accuracy"] == pytest.approx(expected / 150)
    assert found["accuracy_low"] < found["accuracy"] < found["accuracy_high"]
    assert found['confusion:["setosa", "setosa"]'] == 50
    assert 0 < found["log_loss"] < 0.5
    assert found["f1_low"] <= found["f1"] <= found["f1_high"]


def test_what_cannot_be_taken_is_told_one_by_one_and_the_rest_is_kept(platform):
    answer = score(platform, "iris", iris_rows()[:2], 3)
    forged = uuid7(int(datetime.now(UTC).timestamp() * 1000), bytes(range(10)))
    good = {"request_id": answer["request_id"], "row": 1, "label": "setosa"}
    status, _, told = label(
        platform,
        "iris",
        [
            good,
            {**good, "request_id": forged},
            {**good, "request_id": "not-an-id"},
            {**good, "row": -1},
            {**good, "label": ""},
            {"request_id": answer["request_id"]},
            {**good, "lable": "x"},
            {**good, "label": "tulip"},
        ],
    )
    assert (status, told["accepted"], told["refused"]) == (200, 2, 6)
    assert [p["item"] for p in told["problems"]] == [1, 2, 3, 4, 5, 6]
    assert "never answered" in told["problems"][0]["problem"]
    assert "not-an-id" in told["problems"][1]["problem"]
    assert told["new_classes"] == ["tulip"]


def test_a_label_of_a_row_that_the_request_did_not_have_is_counted(platform):
    answer = score(platform, "iris", iris_rows()[:2], 5)
    label(platform, "iris", [{"request_id": answer["request_id"], "row": 7, "label": "setosa"}])
    label(platform, "iris", [{"request_id": answer["request_id"], "row": 0, "label": "setosa"}])
    then = day(5).isoformat()
    wait_for(lambda: quality(platform, "iris").get(then, {}).get("labelled") == 1, 30, "the label")
    assert quality(platform, "iris")[then]["unmatched_labels"] == 1


def test_regression_quality_and_the_command_line(platform, tmp_path):
    frame, truth = diabetes_frame()
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    answer = score(platform, "diabetes", rows, 2)
    wait_for(lambda: len(platform.captured("diabetes")) == len(rows), 20, "the captures")
    path = tmp_path / "labels.csv"
    lines = [f"{answer['request_id']},{i},{value}" for i, value in enumerate(truth)]
    path.write_text("request_id,row,label\n" + "\n".join(lines) + "\n")
    assert platform.json("labels", "diabetes", "--data", str(path))["accepted"] == len(rows)
    ((_, found),) = quality(platform, "diabetes").items()
    errors = [told - value for told, value in zip(answer["predictions"], truth, strict=True)]
    assert found["mae"] == pytest.approx(sum(map(abs, errors)) / len(errors))
    assert found["rmse"] == pytest.approx((sum(e * e for e in errors) / len(errors)) ** 0.5)
    assert 0 < found["r2"] < 1
    path.write_text(f"request_id,label\n{answer['request_id']},high\nnope,3\n")
    refused = platform.cli("labels", "diabetes", "--data", str(path), check=False)
    assert refused.returncode == 1
    assert "'high'" in refused.stderr
    assert "'nope'" in refused.stderr


def test_labels_need_a_key_of_the_service(platform):
    assert label(platform, "iris", [], key="nobody")[0] == 401
    key = platform.json("keys", "diabetes", "create")["key"]
    assert label(platform, "iris", [{}], key=key)[0] == 401
    assert label(platform, "diabetes", [{}], key=key)[2]["refused"] == 1
    body = json.dumps({"label": []}).encode()
    path = "/api/v1/service/diabetes/labels"
    assert platform.request("POST", path, body, Authorization=f"Bearer {key}")[0] == 400
