"""The loop on AWS: the shipped template, deployed and driven by nothing but AWS's own APIs.

S3, SQS, DynamoDB, Lambda, API Gateway and EventBridge are emulated; functions run the bundle by the
real runtime client. CodeBuild, ECR, ECS, EMR Serverless and the scorers' Lambda are stand-ins that
execute what the adapters sent.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aws.loop_steps import (
    change_policy,
    keys,
    label_yesterday,
    live_version,
    make_key,
    put,
    score,
    turn_clock,
)
from emulators import unused_permissions
from emulators.account import tables
from emulators.child import ROOT
from emulators.deployment import LEFT_OUT, OSLS, PREFIX, STAGE, Deployment
from emulators.permissions import Roles, covers, needed
from models import iris_rows, pack_trainable_iris
from receiver import Receiver

from infra import destroy_aws

#: Of whom calls must have been seen: the doors, and what they start.
CALLERS = {
    *("http", "on-model-upload", "on-capture", "on-work", "on-alert", "on-timer"),
    *("build", "scorer", "statistics", "training", "comparison"),
}
#: Services that AWS tells to be reached from a job on EMR Serverless in no network of one's own.
REACHED_FROM_EMR = {"s3", "dynamodb", "glue", "kms", "logs", "secretsmanager", "sts"}


@pytest.fixture(scope="module")
def live(deployment: Deployment, owner: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An API key of `iris`, of which version 1 is live."""
    package = pack_trainable_iris(tmp_path_factory.mktemp("package"))
    put(deployment, "packages/iris/first one.zip", package)

    deployment.wait("a live version", lambda: live_version(deployment, "iris", owner) == 1, 180)
    return make_key(deployment, "iris", owner)


@pytest.fixture(scope="module")
def labelled_day(deployment: Deployment, live: str, owner: str) -> str:
    """Yesterday, of which every flower is scored and labelled."""
    return label_yesterday(deployment, "iris", live, owner)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Of alerts, on this machine."""
    receiver = Receiver()
    yield receiver
    receiver.close()


def test_queues_tables_and_bucket_bear_the_names_that_adapters_derive(deployment: Deployment):
    queues = deployment.client("sqs").list_queues(QueueNamePrefix=PREFIX)["QueueUrls"]
    assert {url.rpartition(PREFIX)[2] for url in queues} == {
        *("work", "captures", "alerts"),
        *("work-dead", "captures-dead", "alerts-dead", "events-dead"),
    }
    made = tables(deployment.client("dynamodb"), PREFIX)
    assert set(made) == {f"{PREFIX}registry", f"{PREFIX}statistics"}
    bucket = deployment.outputs["BucketName"]
    assert bucket == "scienceops-emulator-000000000000-us-east-1"
    told = deployment.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    assert len(told["LambdaFunctionConfigurations"]) == 3


def test_a_package_in_the_bucket_becomes_a_live_service_and_scores(
    deployment: Deployment, live: str
):
    answer = score(deployment, iris_rows()[:3], live)
    assert (answer["version"], answer["predictions"]) == (1, ["setosa"] * 3)


def test_the_log_of_a_build_is_told_by_the_api(deployment: Deployment, live: str, owner: str):
    log = deployment.request("GET", "/api/v1/services/iris/versions/1/log", key=owner)
    assert (log.status, b"resolved" in log.body) == (200, True), log.body


def test_a_wrong_row_and_a_wrong_key_are_told_so_by_the_api(deployment: Deployment, live: str):
    path, rows = "/api/v1/service/iris/score", [{**iris_rows()[0], "petal width (cm)": "wide"}]
    wrong = deployment.request("POST", path, {"input_df": rows}, key=live)
    assert (wrong.status, wrong.json()["problems"][0]["column"]) == (422, "petal width (cm)")
    assert deployment.request("POST", path, {"input_df": rows}, key="so_wrong").status == 401


def test_every_scored_row_is_captured_before_its_answer_and_its_day_announced(
    deployment: Deployment, live: str
):
    for start in range(0, 40, 10):
        score(deployment, iris_rows()[start : start + 10], live)
    # A function's disk may die with it, so the capture is in the bucket before the answer is out.
    assert len(keys(deployment, "captures/iris/1/")) >= 4
    deployment.wait("announcements", lambda: '"Announcements"' in deployment.log("on-capture"))


def test_the_clock_ticks_by_its_schedule(deployment: Deployment):
    def asked() -> bool:
        return '"Ticks"' in deployment.log("on-timer")

    deployment.wait("a tick that nobody asked for", asked, 90)


def test_the_clock_s_run_ends_in_statistics_that_the_pages_show(
    deployment: Deployment, live: str, owner: str, jobs: None
):
    score(deployment, iris_rows()[:50], live)

    def told() -> list[dict[str, Any]]:
        path = "/api/v1/services/iris/statistics?feature=prediction"
        reply = deployment.request("GET", path, key=owner)
        return list(reply.json()["rows"]) if reply.status == 200 else []

    rows = deployment.wait("statistics", told, 240)
    assert {row["model_id"] for row in rows} == {"iris:1"}
    assert {row["environment"] for row in rows} == {"emulator"}
    exact = "/api/v1/services/iris/statistics?feature=sepal length (cm)&statistic=mean"
    reply = deployment.request("GET", exact.replace(" ", "%20"), key=owner)
    assert {row["statistic"] for row in reply.json()["rows"]} == {"mean"}
    for page in ("/", "/services/iris", "/services/iris/models", "/services/iris/data"):
        assert deployment.request("GET", page, key=owner).status == 200


def test_a_person_has_a_service_s_days_computed_anew(
    deployment: Deployment, owner: str, labelled_day: str, jobs: None
):
    path = "/api/v1/services/iris/statistics"
    begun = deployment.request("POST", path, {}, key=owner)
    assert begun.status == 200, begun.body
    number = begun.json()["run"]

    def succeeded() -> bool:
        runs = deployment.request("GET", "/api/v1/runs", key=owner).json()["runs"]
        return any(run["number"] == number and run["state"] == "succeeded" for run in runs)

    deployment.wait("the run that was asked for", succeeded, 180)


def test_a_drift_is_an_alert_and_a_proposal_to_retrain(
    deployment: Deployment, owner: str, labelled_day: str, receiver: Receiver
):
    # The clock looks at the quality, too, which is good.
    change_policy(deployment, owner, retrain_quality_below=0.5)
    turn_clock(deployment)
    change_policy(deployment, owner, alert_url=receiver.url, alert_on="drift", retrain_drift_days=1)
    turn_clock(deployment)
    deployment.wait("an alert", lambda: receiver.took)
    assert receiver.took[0]["type"] == "dev.scienceops.alert.drift.firing"
    path = "/api/v1/services/iris/retrainings"
    [proposed] = deployment.wait(
        "a proposal", lambda: deployment.request("GET", path, key=owner).json()
    )
    assert proposed["state"] == "proposed"
    assert "drifted" in proposed["why"]
    change_policy(deployment, owner, alert_url="", retrain_drift_days=0)


def test_who_may_call_scorers_directly_is_written_down_and_put_right_by_the_clock(
    deployment: Deployment, live: str, owner: str
):
    place = {"Bucket": deployment.outputs["BucketName"], "Key": "access/iris.json"}
    s3 = deployment.client("s3")

    def hashes() -> int:
        return len(json.loads(s3.get_object(**place)["Body"].read())["key_sha256"])

    change_policy(deployment, owner, direct=True)
    assert hashes() == 1
    s3.put_object(**place, Body=b'{"key_sha256": []}')
    turn_clock(deployment)
    assert hashes() == 1
    change_policy(deployment, owner, direct=False)
    assert hashes() == 0


def test_a_retraining_makes_a_candidate_that_a_person_puts_live(
    deployment: Deployment, live: str, owner: str, labelled_day: str, jobs: None
):
    asked = {"selection": {"since": labelled_day, "until": labelled_day}, "why": "to see it learn"}
    path = "/api/v1/services/iris/retrainings"
    begun = deployment.request("POST", path, asked, key=owner)
    assert begun.status == 200, begun.body
    number = begun.json()["number"]

    def ended() -> dict[str, Any]:
        told: dict[str, Any] = deployment.request("GET", f"{path}/{number}", key=owner).json()
        return told if told["state"] in ("compared", "failed") else {}

    retraining = deployment.wait("a candidate, compared", ended, 300)
    assert (retraining["state"], retraining["version"]) == ("compared", 2), retraining
    assert retraining["report"]["labelled"] == 150
    approve = "/api/v1/services/iris/versions/2/approve"
    approved = deployment.request("POST", approve, {"comment": "it learned"}, key=owner)
    assert approved.status == 200, approved.body
    service = "/api/v1/services/iris"
    deployment.wait(
        "the candidate live",
        lambda: deployment.request("GET", service, key=owner).json()["live"] == 2,
    )
    answer = score(deployment, iris_rows()[:3], live)
    assert (answer["version"], answer["predictions"]) == (2, ["setosa"] * 3)


def test_an_answer_is_followed_back_to_what_it_was_learned_from(
    deployment: Deployment, live: str, owner: str, labelled_day: str
):
    identity = score(deployment, iris_rows()[:1], live)["request_id"]
    labels = [{"request_id": identity, "row": 0, "label": "setosa"}]
    told = deployment.request("POST", "/api/v1/service/iris/labels", {"labels": labels}, key=live)
    assert told.status == 200, told.body
    found = deployment.request("GET", f"/api/v1/requests/{identity}", key=owner)
    assert found.status == 200, found.body
    assert found.json()["labels"] == [{"row": 0, "label": "setosa"}]
    selection = found.json()["training_set"]["selection"]
    assert (selection["since"], selection["until"]) == (labelled_day, labelled_day)


def test_calls_are_recorded_of_the_doors_and_of_what_they_start(deployment: Deployment, live: str):
    seen = {call["caller"].removeprefix(PREFIX) for call in deployment.calls()}
    assert seen == CALLERS


def test_jobs_on_emr_call_what_is_reached_without_a_network_alone(
    deployment: Deployment, live: str
):
    called = {
        call["service"]
        for call in deployment.calls()
        if call["caller"].removeprefix(PREFIX) == "statistics"
    }
    assert called <= REACHED_FROM_EMR


def test_everyone_was_allowed_all_that_they_called(deployment: Deployment, live: str):
    roles = Roles(deployment.template)
    refused = {
        (call["caller"].removeprefix(PREFIX), *pair)
        for call in deployment.calls()
        for pair in roles.refused(roles.role_of(call["caller"]), call)
    }
    assert not refused


def test_everyone_called_all_that_they_were_allowed_but_for_what_has_a_reason(
    deployment: Deployment, live: str
):
    roles = Roles(deployment.template)
    called = {
        (roles.role_of(call["caller"]), *pair)
        for call in deployment.calls()
        for pair in needed(call)
    }
    allowed = [(role, *pair) for role in roles.names() for pair in roles.allowed(role)]
    unused = {
        (role, action, pattern)
        for role, action, pattern in allowed
        if not any((role, action) == (r, a) and covers(pattern, arn) for r, a, arn in called)
    }
    assert unused_permissions.without_reason(unused) == set()
    assert unused_permissions.without_effect(set(allowed), unused) == set()


def test_a_stage_that_is_taken_down_stops_its_scorers_and_keeps_its_data(
    deployment: Deployment, live: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    """The last test: nothing of the stage answers after it. Run by osls, as `make destroy-aws`."""
    copy = shutil.copytree(ROOT / "infra", tmp_path / "infra", ignore=LEFT_OUT)
    bucket = deployment.outputs["BucketName"]
    kept = keys(deployment, "versions/") + keys(deployment, "captures/")
    with pytest.MonkeyPatch.context() as patch:
        # osls writes beside the template, and tests run side by side.
        patch.setattr(destroy_aws, "INFRA", copy)
        patch.setenv("AWS_REGION", "us-east-1")
        # osls asks for a repository of its own, which the stand-in for ECR knows nothing of.
        patch.delenv("AWS_ENDPOINT_URL_ECR")
        assert destroy_aws.main(STAGE, str(OSLS), ["--region=us-east-1"]) == 0
    told = capsys.readouterr().out
    assert "stopping iris:" in told
    assert f"s3://{bucket}" in told
    assert f"{PREFIX}registry" in told
    with pytest.raises(SystemExit, match=f"no stack scienceops-{STAGE} here"):
        destroy_aws.outputs_of(f"scienceops-{STAGE}")
    assert deployment.client("lambda").list_functions()["Functions"] == []
    assert set(kept) <= set(keys(deployment, ""))
    made = tables(deployment.client("dynamodb"), PREFIX)
    assert set(made) == {f"{PREFIX}registry", f"{PREFIX}statistics"}
