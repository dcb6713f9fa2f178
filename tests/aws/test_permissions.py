"""Permissions of the template: who may do what, and nobody anything to everything."""

from fnmatch import fnmatchcase
from typing import Any

from aws.packaged import DOORS, NETWORK, STAGE, functions, listed, of_type, properties, statements

from scienceops.adapters.aws.resources import deployment_name
from scienceops.aws_settings import AwsSettings

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


def test_every_door_has_a_role_of_its_own(template: dict[str, Any]):
    roles = [made["Properties"]["Role"]["Fn::GetAtt"][0] for made in functions(template).values()]
    assert sorted(roles) == sorted(f"{door}Role" for door in DOORS)


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
