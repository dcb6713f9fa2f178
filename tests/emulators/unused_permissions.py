"""What roles allow and no recorded call uses, each with its reason; test_loop.py compares.

Whatever else a role allows has to be called in the loop; what is named here must not be.
"""

from collections.abc import Iterator
from typing import NamedTuple


class Unused(NamedTuple):
    """Actions of some roles. by_chance: a run of the loop may call them or not."""

    roles: tuple[str, ...]
    actions: tuple[str, ...]
    reason: str
    by_chance: bool = False


ALL_DOORS = ("HttpRole", "OnModelUploadRole", "OnCaptureRole", "OnWorkRole")
ALL_DOORS += ("OnAlertRole", "OnTimerRole")
LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
SCALE = (
    "application-autoscaling:PutScalingPolicy",
    "application-autoscaling:RegisterScalableTarget",
)
STOP_ON_ECS = (
    "application-autoscaling:DeregisterScalableTarget",
    "ecs:DeleteService",
    "ecs:DescribeServices",
    "ecs:ListTasks",
)
PUSH = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)

UNUSED = (
    Unused(
        ALL_DOORS,
        (*LOGS, "xray:PutTelemetryRecords", "xray:PutTraceSegments"),
        "Lambda itself writes logs and traces, by the role of the function",
    ),
    Unused(
        ("HttpRole", "OnWorkRole", "OnTimerRole"),
        (
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
        ),
        "Lambda itself puts a function into a network, with warm=yes",
    ),
    Unused(
        ("OnWorkRole",),
        ("sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
        "Lambda itself takes messages from the queue, by the role of the function",
    ),
    Unused(
        ("OnWorkRole",),
        PUSH,
        "spoken over the registry's HTTP API, which botocore does not see",
    ),
    Unused(
        ("OnTimerRole",),
        ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
        "Lambda asks whether who makes a function may read its image",
    ),
    Unused(
        ("HttpRole", "OnWorkRole", "OnTimerRole"),
        STOP_ON_ECS,
        "scorers on ECS; tests/contract/test_aws_service_runtime.py calls it",
    ),
    Unused(
        ("OnWorkRole", "OnTimerRole"),
        (*SCALE, "ecs:CreateService"),
        "scorers on ECS; tests/contract/test_aws_service_runtime.py calls it",
    ),
    Unused(
        ("OnTimerRole",),
        ("ecs:DescribeTasks", "ecs:RegisterTaskDefinition", "logs:GetLogEvents"),
        "scorers on ECS; tests/contract/test_aws_service_runtime.py calls it",
    ),
    Unused(
        ("HttpRole", "OnWorkRole"),
        ("ecs:StopTask", "emr-serverless:CancelJobRun"),
        "a job is cancelled or over its time; tests/contract/test_aws_job_launcher.py calls it",
    ),
    Unused(
        ("HttpRole",),
        (
            *("codebuild:BatchGetBuilds", "ecs:DescribeTasks"),
            *("emr-serverless:GetJobRun", "logs:GetLogEvents"),
        ),
        "the log of a build or job, when asked for while it runs; then it is in the bucket",
        by_chance=True,
    ),
    Unused(
        ("HttpRole",),
        ("lambda:DeleteFunction",),
        "a version that failed is tried again; none fails in the loop",
    ),
    Unused(
        ("OnWorkRole",),
        ("s3:ListBucket",),
        "without it S3 tells a missing key as forbidden",
    ),
    Unused(
        ("OnTimerRole",),
        ("dynamodb:BatchGetItem",),
        "a quality is read where a policy retrains below it; that of the loop does not",
    ),
    Unused(
        ("OnWorkRole",),
        ("dynamodb:BatchWriteItem",),
        "the rows of a run that was overtaken are deleted; none is in the loop",
    ),
    Unused(
        ("OnAlertRole",),
        (
            *("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
            *("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
            *("sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:SendMessage"),
        ),
        "no receiver of alerts is named in the loop; tests/aws/test_doors.py sends one",
    ),
    Unused(
        ("OnTimerRole",),
        (
            *("lambda:CreateFunction", "lambda:DeleteFunction", "lambda:GetFunctionConfiguration"),
            *("lambda:InvokeFunction", "secretsmanager:CreateSecret"),
            *("secretsmanager:GetSecretValue", "iam:PassRole"),
        ),
        "the clock does what no message did: looks at scorers, starts and stops them",
        by_chance=True,
    ),
    # What the doors start.
    Unused(
        ("ScorerRole", "BuildRole", "TaskStartRole", "StatisticsRole"),
        LOGS,
        "AWS itself writes the log of a function, build, task or job, by its role",
    ),
    Unused(
        ("StatisticsRole",),
        ("logs:DescribeLogGroups", "logs:DescribeLogStreams"),
        "EMR Serverless looks for its log group itself",
    ),
    Unused(
        ("BuildRole",),
        ("s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetObjectVersion"),
        "CodeBuild itself looks at the bucket that the source of a build is in",
    ),
    Unused(
        ("BuildRole",),
        PUSH,
        "the protocol of `docker push`, which botocore does not see",
    ),
    Unused(
        ("TaskStartRole",),
        (
            *("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage"),
            *("ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer"),
        ),
        "Fargate itself pulls the image of a task",
    ),
    Unused(
        ("ScorerRole",),
        ("s3:GetObject",),
        "a capture that is there already is announced by a copy onto itself, and a policy with "
        "`direct` has hashes of keys read; neither is in the loop",
    ),
    Unused(
        ("TrainingRole",),
        ("s3:ListBucket",),
        "without it S3 tells a missing key as forbidden",
    ),
)


def pairs(by_chance: bool) -> Iterator[tuple[str, str]]:
    """(role, action) of the table."""
    for entry in UNUSED:
        if entry.by_chance is by_chance:
            yield from ((role, action) for role in entry.roles for action in entry.actions)
