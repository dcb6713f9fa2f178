"""The shipped template: sound, least-privileged, and of one mind with settings and adapters."""

import json
import re
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml
from aws.packaged import STAGE, functions, listed, of_type, properties
from emulators.child import ROOT
from emulators.deployment import UPDATE_TEMPLATE, package

from infra import aws_stage
from scienceops.adapters.aws.resources import deployment_name
from scienceops.aws_settings import AwsSettings
from scienceops.config import PREFIX, load_settings, setting_names
from scienceops.core.messages import ALERTS, CAPTURES, WORK
from scienceops.ports.message_queue import MAX_ATTEMPTS

#: What a function needs that stands in a network. Source: AWS Lambda, "Giving Lambda functions
#: access to resources in an Amazon VPC", required permissions.
NETWORK = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}
#: Actions that AWS gives on all resources or not at all, and that carry no data.
WITHOUT_RESOURCE = {
    *NETWORK,
    "ecr:GetAuthorizationToken",
    "ecs:DescribeTaskDefinition",
    "application-autoscaling:DescribeScalableTargets",
    # By a condition these are held to the one cluster.
    "ecs:ListServices",
    "ecs:ListTasks",
    # Application Auto Scaling asks for these of its caller, without a name.
    "cloudwatch:DeleteAlarms",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:PutMetricAlarm",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
#: Types that the emulator lacks; the condition OnAws, or Warm which needs it, leaves them out.
LACKING = {"AWS::EMRServerless::Application", "AWS::EC2::EIP", "AWS::EC2::NatGateway"}
DOORS = {"Http", "OnAlert", "OnCapture", "OnModelUpload", "OnTimer", "OnWork"}


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    found = role["Properties"]["Policies"]
    return [told for policy in found for told in policy["PolicyDocument"]["Statement"]]


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


def test_packaging_twice_gives_the_same_but_for_the_time_of_deployment(
    template: dict[str, Any], bundle: Path, tmp_path: Path
):
    def timeless(made: dict[str, Any]) -> str:
        return re.sub(r"/\d{13}-[\d-]+T[\d:.]+Z/", "/TIME/", json.dumps(made))

    assert timeless(package("dev", bundle, tmp_path)) == timeless(template)
    assert (tmp_path / UPDATE_TEMPLATE).exists()


def test_packaging_twice_at_a_given_time_gives_the_same_bytes(bundle: Path, tmp_path: Path):
    def packaged(folder: str) -> dict[str, bytes]:
        package("dev", bundle, tmp_path / folder, source_date="1700000000")
        return {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}

    first = packaged("first")
    assert first == packaged("second")
    place = "serverless/scienceops/dev/1700000000000-2023-11-14T22:13:20.000Z/aws.zip"
    assert place.encode() in first[UPDATE_TEMPLATE]


def test_a_time_of_packaging_that_is_none_is_refused(bundle: Path, tmp_path: Path):
    with pytest.raises(AssertionError, match='SOURCE_DATE_EPOCH is "today"; wanted seconds'):
        package("dev", bundle, tmp_path, source_date="today")


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


def test_the_bucket_may_call_what_it_calls_and_nobody_else_s_bucket_may(template: dict[str, Any]):
    asked = [
        made["Properties"]
        for made in of_type(template, "AWS::Lambda::Permission").values()
        if made["Properties"]["Principal"] == "s3.amazonaws.com"
    ]
    functions = {made["FunctionName"]["Fn::GetAtt"][0] for made in asked}
    assert functions == {"OnModelUploadLambdaFunction", "OnCaptureLambdaFunction"}
    name = properties(template, "Bucket")["BucketName"]["Fn::Sub"]
    for made in asked:
        assert made["SourceArn"]["Fn::Sub"].endswith(f":s3:::{name}")
        assert made["SourceAccount"] == {"Ref": "AWS::AccountId"}


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


def test_only_a_door_that_writes_to_its_own_queue_may_call_itself(template: dict[str, Any]):
    # Source: AWS, Lambda recursive loop detection: by default a chain ends at its 16th invocation.
    writes = set()
    for mapping in of_type(template, "AWS::Lambda::EventSourceMapping").values():
        queue = mapping["Properties"]["EventSourceArn"]
        door = mapping["Properties"]["FunctionName"]["Fn::GetAtt"][0]
        role = template["Resources"][properties(template, door)["Role"]["Fn::GetAtt"][0]]
        for told in statements(role):
            if "sqs:SendMessage" in listed(told["Action"]) and queue in listed(told["Resource"]):
                writes.add(door)
    allowed = {
        name
        for name, made in functions(template).items()
        if made["Properties"].get("RecursiveLoop") == "Allow"
    }
    assert allowed == writes == {"OnWorkLambdaFunction", "OnAlertLambdaFunction"}


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


def test_every_door_has_a_role_of_its_own(template: dict[str, Any]):
    roles = [made["Properties"]["Role"]["Fn::GetAtt"][0] for made in functions(template).values()]
    assert sorted(roles) == sorted(f"{door}Role" for door in DOORS)


def test_a_door_s_settings_are_all_known_and_those_of_aws_are_all_given(template: dict[str, Any]):
    for made in functions(template).values():
        given = made["Properties"]["Environment"]["Variables"]
        told = {name.removeprefix(PREFIX).lower() for name in given if name.startswith(PREFIX)}
        assert told <= set(setting_names())
        assert {f"aws_{name}" for name in AwsSettings.model_fields} <= told
        plain = {name: text for name, text in given.items() if isinstance(text, str)}
        settings = {name: text for name, text in plain.items() if name.startswith(PREFIX)}
        assert load_settings(settings).aws.prefix == STAGE


def test_no_role_may_do_anything_to_everything(template: dict[str, Any]):
    for name, role in of_type(template, "AWS::IAM::Role").items():
        for told in statements(role):
            actions = set(listed(told["Action"]))
            assert not [action for action in actions if action.endswith("*")], name
            if "*" in listed(told["Resource"]):
                assert actions <= WITHOUT_RESOURCE, f"{name}: {actions - WITHOUT_RESOURCE}"


def test_who_has_services_scaled_may_do_what_is_done_to_scale_them(template: dict[str, Any]):
    # Source: AWS, Application Auto Scaling, "Permissions validation for API calls on target
    # resources": RegisterScalableTarget is refused to a caller who lacks one of these.
    wanted = {
        *("ecs:DescribeServices", "ecs:UpdateService", "iam:CreateServiceLinkedRole"),
        *("cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm"),
    }
    scale = set()
    for name, role in of_type(template, "AWS::IAM::Role").items():
        actions = {action for told in statements(role) for action in listed(told["Action"])}
        if "application-autoscaling:RegisterScalableTarget" in actions:
            scale.add(name)
            assert wanted <= actions, name
    assert scale == {"OnTimerRole", "OnWorkRole"}


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


def test_a_stage_may_have_its_statistics_less_often(bundle: Path, tmp_path: Path):
    made = package("prod", bundle, tmp_path, statistics_seconds="86400")
    told = properties(made, "OnTimerLambdaFunction")["Environment"]["Variables"]
    assert told["SCIENCEOPS_STATISTICS_SECONDS"] == "86400"
    # What was announced just after a run has to wait for the next one.
    assert properties(made, "CapturesWait")["Threshold"] == 86400 + 7200


def test_a_stage_may_have_larger_scorers_and_trainings(bundle: Path, tmp_path: Path):
    made = package("prod", bundle, tmp_path, container_memory_mb="3008")
    for door in ("OnTimer", "OnWork"):
        told = properties(made, f"{door}LambdaFunction")["Environment"]["Variables"]
        assert told["SCIENCEOPS_CONTAINER_MEMORY_MB"] == "3008"


def test_a_warm_stage_has_its_doors_in_the_network(bundle: Path, tmp_path: Path):
    made = package("prod", bundle, tmp_path, warm="yes")
    assert made["Conditions"]["Warm"]["Fn::And"][1] == {"Fn::Equals": ["yes", "yes"]}
    for door in DOORS:
        told = properties(made, f"{door}LambdaFunction")["Environment"]["Variables"]
        # A policy that wants Fargate is taken exactly where doors can reach it.
        assert told["SCIENCEOPS_AWS_WARM"] == {"Fn::If": ["Warm", "yes", "no"]}
    for door in ("Http", "OnWork", "OnTimer"):
        condition, inside, _ = properties(made, f"{door}LambdaFunction")["VpcConfig"]["Fn::If"]
        assert condition == "Warm"
        assert inside["SubnetIds"] == [{"Ref": "PrivateSubnetA"}, {"Ref": "PrivateSubnetB"}]
        told = statements(made["Resources"][f"{door}Role"])
        assert {action for each in told for action in listed(each["Action"])} >= NETWORK


def test_what_compares_candidates_may_call_tasks_as_doors_do(template: dict[str, Any]):
    told = properties(template, "OnWorkLambdaFunction")["Environment"]["Variables"]
    [may_enter] = properties(template, "TasksGroup")["SecurityGroupIngress"]
    assert told["SCIENCEOPS_AWS_CALLING_GROUP"] == may_enter["SourceSecurityGroupId"]


def test_a_door_may_not_be_replaced_as_scorers_are_whatever_they_are_called(
    template: dict[str, Any],
):
    doors = {made["Properties"]["FunctionName"] for made in functions(template).values()}
    for role in ("HttpRole", "OnTimerRole", "OnWorkRole"):
        [denied] = [s for s in statements(template["Resources"][role]) if s["Effect"] == "Deny"]
        kept = {name["Fn::Sub"].rpartition(":")[2] for name in denied["Resource"]}
        assert kept == doors
        assert not any(fnmatchcase(f"{STAGE}on-time-delivery-1", name) for name in kept)


def test_a_scorer_of_the_longest_names_has_one_that_lambda_takes():
    settings = AwsSettings(prefix=f"scienceops-{'s' * 24}-")
    services = ["a-service-with-quite-a-long-name", "a-service-with-quite-a-long-nose"]
    names = {deployment_name(settings, service, 1234) for service in services}
    # Source: AWS, CreateFunction: a name has at most 64 characters.
    assert len(names) == len(services)
    assert all(len(name) <= 64 and name.startswith(settings.prefix) for name in names)


def test_what_compares_candidates_in_an_image_of_theirs_can_do_no_more_than_ask_scorers(
    template: dict[str, Any],
):
    told = statements(template["Resources"]["ComparisonRole"])
    [denied] = [statement for statement in told if statement["Effect"] == "Deny"]
    assert denied["Action"] == "lambda:InvokeFunction"
    doors = {name["Fn::Sub"].rpartition(":")[2] for name in denied["Resource"]}
    names = {made["Properties"]["FunctionName"] for made in functions(template).values()}
    assert all(any(fnmatchcase(name, door) for door in doors) for name in names)
    [secret] = [s["Resource"] for s in told if s["Action"] == "secretsmanager:GetSecretValue"]
    assert secret["Fn::Sub"].rpartition(":")[2] == f"{STAGE}gateway-secret-??????"
