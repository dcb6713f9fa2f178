"""The shipped template: sound, least-privileged, and of one mind with settings and adapters."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from aws.packaged import DOORS, STAGE, functions, of_type, properties
from emulators.child import ROOT
from emulators.deployment import package

from infra import aws_stage
from scienceops.aws_settings import AwsSettings
from scienceops.config import PREFIX, load_settings, setting_names
from scienceops.core.messages import ALERTS, CAPTURES, WORK
from scienceops.ports.message_queue import MAX_ATTEMPTS

#: Types that the emulator lacks; the condition OnAws, or Warm which needs it, leaves them out.
LACKING = {"AWS::EMRServerless::Application", "AWS::EC2::EIP", "AWS::EC2::NatGateway"}


def test_cfn_lint_finds_no_fault(template: dict[str, Any], tmp_path: Path):
    path = tmp_path / "template.json"
    path.write_text(json.dumps(template))
    # W3005: osls says twice that one thing waits for another. W8003: a stage's conditions are
    # settled when it is packaged.
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("cfn-lint"), "--regions", "eu-central-1"),
            *("--ignore-checks", "W3005", "W8003", "--template", path),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_bucket_calls_the_door_of_each_place(template: dict[str, Any]):
    told = properties(template, "Bucket")["NotificationConfiguration"]["LambdaConfigurations"]
    found = {}
    for entry in told:
        assert entry["Event"] == "s3:ObjectCreated:*"
        [rule] = entry["Filter"]["S3Key"]["Rules"]
        assert rule["Name"] == "prefix"
        found[rule["Value"]] = entry["Function"]["Fn::GetAtt"][0]
    assert found == {
        "packages/": "OnModelUploadLambdaFunction",
        "captures/": "OnCaptureLambdaFunction",
        "labels/": "OnCaptureLambdaFunction",
    }


def test_the_clock_ticks_every_minute(template: dict[str, Any]):
    [rule] = of_type(template, "AWS::Events::Rule").values()
    assert rule["Properties"]["ScheduleExpression"] == "rate(1 minute)"
    assert rule["Properties"]["State"] == "ENABLED"
    [target] = rule["Properties"]["Targets"]
    assert target["Arn"]["Fn::GetAtt"][0] == "OnTimerLambdaFunction"


@pytest.mark.parametrize(
    ("queue", "name"), [("WorkQueue", WORK), ("CapturesQueue", CAPTURES), ("AlertsQueue", ALERTS)]
)
def test_a_queue_sets_aside_what_was_tried_too_often(template: dict[str, Any], queue, name):
    made = properties(template, queue)
    assert made["QueueName"] == f"{STAGE}{name}"
    assert made["RedrivePolicy"]["maxReceiveCount"] == MAX_ATTEMPTS
    dead = made["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
    assert properties(template, dead)["QueueName"] == f"{STAGE}{name}-dead"


def test_who_looks_into_a_queue_waits_so_that_all_of_its_servers_are_asked(
    template: dict[str, Any],
):
    queues = of_type(template, "AWS::SQS::Queue")
    waits = {
        name: made["Properties"].get("ReceiveMessageWaitTimeSeconds", 0)
        for name, made in queues.items()
        if not name.startswith("Dead")
    }
    # The longest where Lambda looks; nobody pays for its waiting.
    assert waits == {"WorkQueue": 20, "AlertsQueue": 20, "CapturesQueue": 1}


@pytest.mark.parametrize(
    ("function", "queue"), [("OnWork", "WorkQueue"), ("OnAlert", "AlertsQueue")]
)
def test_a_message_stays_hidden_longer_than_its_door_may_run(
    template: dict[str, Any], function, queue
):
    door = properties(template, f"{function}LambdaFunction")
    assert door["Timeout"] < properties(template, queue)["VisibilityTimeout"]
    [source] = [
        made["Properties"]
        for made in of_type(template, "AWS::Lambda::EventSourceMapping").values()
        if made["Properties"]["EventSourceArn"]["Fn::GetAtt"][0] == queue
    ]
    assert source["FunctionName"]["Fn::GetAtt"][0] == f"{function}LambdaFunction"
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["BatchSize"] == 1


def test_an_event_of_the_bucket_that_no_door_could_take_is_set_aside(template: dict[str, Any]):
    made = {
        entry["Properties"]["FunctionName"]["Ref"]: entry["Properties"]
        for entry in of_type(template, "AWS::Lambda::EventInvokeConfig").values()
    }
    for door in ("OnModelUpload", "OnCapture"):
        told = made[f"{door}LambdaFunction"]
        assert told["DestinationConfig"]["OnFailure"]["Destination"] == {
            "Fn::GetAtt": ["DeadEventsQueue", "Arn"]
        }
        assert told["MaximumRetryAttempts"] == 2


def test_a_door_s_settings_are_all_known_and_those_of_aws_are_all_given(template: dict[str, Any]):
    for made in functions(template).values():
        given = made["Properties"]["Environment"]["Variables"]
        told = {name.removeprefix(PREFIX).lower() for name in given if name.startswith(PREFIX)}
        assert told <= set(setting_names())
        assert {f"aws_{name}" for name in AwsSettings.model_fields} <= told
        plain = {name: text for name, text in given.items() if isinstance(text, str)}
        settings = {name: text for name, text in plain.items() if name.startswith(PREFIX)}
        assert load_settings(settings).aws.prefix == STAGE


def test_data_outlives_the_stack_and_can_be_restored(template: dict[str, Any]):
    kept = {name for name, made in template["Resources"].items() if "DeletionPolicy" in made}
    assert {"Bucket", "RegistryTable", "StatisticsTable", "Images"} <= kept
    for name in kept:
        assert template["Resources"][name]["DeletionPolicy"] == "Retain"
        assert template["Resources"][name]["UpdateReplacePolicy"] == "Retain"
    for table in of_type(template, "AWS::DynamoDB::Table").values():
        made = table["Properties"]
        assert made["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert made["SSESpecification"] == {"SSEEnabled": True}
    assert properties(template, "Bucket")["VersioningConfiguration"] == {"Status": "Enabled"}


def test_captures_move_to_cheaper_storage_and_go_later(template: dict[str, Any]):
    rules = properties(template, "Bucket")["LifecycleConfiguration"]["Rules"]
    [captures] = [rule for rule in rules if rule.get("Prefix") == "captures/"]
    [move] = captures["Transitions"]
    assert (captures["Status"], captures["ExpirationInDays"]) == ("Enabled", 400)
    # S3 refuses a rule by which they go first, so that the whole deployment would fail.
    for days, taken in ((move["TransitionInDays"], False), (move["TransitionInDays"] + 1, True)):
        assert (aws_stage.faults_of("dev", [f"--param=capture_days={days}"]) == []) is taken


def test_every_door_has_a_budget_of_memory_and_time_of_its_own(template: dict[str, Any]):
    given = yaml.safe_load((ROOT / "infra/serverless.yml").read_text())["functions"].values()
    assert [door for door in given if not {"memorySize", "timeout"} <= set(door)] == []
    for made in functions(template).values():
        # A door that hangs costs this much a call and no more.
        assert made["Properties"]["MemorySize"] <= 1769
        assert made["Properties"]["Timeout"] <= 300


def test_a_scorer_that_takes_long_is_told_of_before_the_api_gives_up(template: dict[str, Any]):
    door = properties(template, "HttpLambdaFunction")
    seconds = float(door["Environment"]["Variables"]["SCIENCEOPS_REPLY_SECONDS"])
    # What is left is for the key, the route, and an answer.
    assert seconds + 4 <= door["Timeout"] < 30


def test_a_store_that_hangs_is_told_before_the_door_is_killed(template: dict[str, Any]):
    for door in DOORS:
        made = properties(template, f"{door}LambdaFunction")
        plain = {k: v for k, v in made["Environment"]["Variables"].items() if isinstance(v, str)}
        given = load_settings({k: v for k, v in plain.items() if k.startswith(PREFIX)})
        # Beside it a door posts an alert, which takes 5 s at most, or writes its answer.
        assert given.aws.call_seconds + 8 <= made["Timeout"], door


def test_bucket_and_queues_are_closed_to_the_public_and_to_plain_http(template: dict[str, Any]):
    assert set(properties(template, "Bucket")["PublicAccessBlockConfiguration"].values()) == {True}
    for policy in ("BucketOverTls", "QueuesOverTls"):
        [told] = properties(template, policy)["PolicyDocument"]["Statement"]
        assert (told["Effect"], told["Principal"]) == ("Deny", "*")
        assert told["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    covered = {queue["Ref"] for queue in properties(template, "QueuesOverTls")["Queues"]}
    assert covered == set(of_type(template, "AWS::SQS::Queue"))


def test_logs_are_kept_for_a_time_and_not_for_ever(template: dict[str, Any]):
    groups = of_type(template, "AWS::Logs::LogGroup")
    assert len(groups) >= len(DOORS)
    assert {group["Properties"]["RetentionInDays"] for group in groups.values()} == {30}


def test_the_registry_is_keyed_as_its_adapter_reads_it(template: dict[str, Any]):
    for table in ("RegistryTable", "StatisticsTable"):
        keys = properties(template, table)["KeySchema"]
        assert [(key["AttributeName"], key["KeyType"]) for key in keys] == [
            ("partition", "HASH"),
            ("key", "RANGE"),
        ]


def test_one_condition_leaves_out_what_the_emulator_lacks_and_no_more(
    template: dict[str, Any], bundle: Path, tmp_path: Path
):
    emulated = package("emulator", bundle, tmp_path)
    assert emulated["Conditions"]["OnAws"] == {"Fn::Equals": ["no", "yes"]}
    assert template["Conditions"]["OnAws"] == {"Fn::Equals": ["yes", "yes"]}
    assert set(emulated["Resources"]) == set(template["Resources"])
    resources = template["Resources"].values()
    on_aws = {made["Type"] for made in resources if made.get("Condition") == "OnAws"}
    warm = {made["Type"] for made in resources if made.get("Condition") == "Warm"}
    always = {made["Type"] for made in resources if made.get("Condition") not in ("OnAws", "Warm")}
    assert (on_aws | warm) - always == LACKING
