"""What roles allow and no recorded call uses, each with its reason; test_loop.py compares.

Whatever else a role allows has to be called in the loop; what is named here must not be.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from aws.packaged import NETWORK


class Unused(NamedTuple):
    """Actions of some roles. by_chance: a run of the loop may call them or not. resources: how
    those end that it is about, of a policy with more of them; empty: all."""

    roles: tuple[str, ...]
    actions: tuple[str, ...]
    reason: str
    by_chance: bool = False
    resources: tuple[str, ...] = ()


ALL_DOORS = ("HttpRole", "OnModelUploadRole", "OnCaptureRole", "OnWorkRole")
ALL_DOORS += ("OnAlertRole", "OnTimerRole")
LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
SCALE = (
    "application-autoscaling:PutScalingPolicy",
    "application-autoscaling:RegisterScalableTarget",
)
#: What Application Auto Scaling wants its caller to be allowed.
OF_SCALING = (
    "cloudwatch:DeleteAlarms",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:PutMetricAlarm",
    "ecs:UpdateService",
    "iam:CreateServiceLinkedRole",
)
STOP_ON_ECS = (
    "application-autoscaling:DeregisterScalableTarget",
    "ecs:DeleteService",
    "ecs:ListTasks",
)
UNUSED = (
    Unused(
        ALL_DOORS,
        (*LOGS, "xray:PutTelemetryRecords", "xray:PutTraceSegments"),
        "Lambda itself writes logs and traces, by the role of the function",
    ),
    Unused(
        ("HttpRole", "OnWorkRole", "OnTimerRole"),
        tuple(NETWORK),
        "Lambda itself puts a function into a network, with warm=yes",
    ),
    Unused(
        ("OnWorkRole",),
        ("sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
        "Lambda itself takes messages from the queue, by the role of the function",
    ),
    Unused(
        ("OnTimerRole",),
        ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
        "Lambda asks whether who makes a function may read its image",
    ),
    Unused(
        ("HttpRole", "OnWorkRole", "OnTimerRole"),
        STOP_ON_ECS,
        "scorers on ECS; tests/contract/test_aws_service_runtime_on_ecs.py calls it",
    ),
    Unused(
        ("OnWorkRole", "OnTimerRole"),
        (*SCALE, "ecs:CreateService", "ecs:DescribeServices"),
        "scorers on ECS; tests/contract/test_aws_service_runtime_on_ecs.py calls it",
    ),
    Unused(
        ("OnWorkRole", "OnTimerRole"),
        OF_SCALING,
        "scorers on ECS; Application Auto Scaling itself asks whether its caller may do these",
    ),
    Unused(
        ("OnTimerRole",),
        (
            *("ecs:DescribeTasks", "ecs:RegisterTaskDefinition", "logs:GetLogEvents"),
            *("ecs:ListServices", "application-autoscaling:DescribeScalableTargets"),
        ),
        "scorers on ECS; tests/contract/test_aws_service_runtime_on_ecs.py calls it",
    ),
    Unused(
        ("HttpRole", "OnWorkRole"),
        ("ecs:StopTask", "emr-serverless:CancelJobRun"),
        "a job is cancelled or over its time; test_setbacks.py cancels two",
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
        "a version that failed is tried again; test_setbacks.py calls it",
    ),
    Unused(
        ("OnWorkRole",),
        ("s3:ListBucket",),
        "without it S3 tells a missing key as forbidden",
    ),
    Unused(
        ("OnModelUploadRole", "OnCaptureRole"),
        ("sqs:SendMessage",),
        "Lambda itself sets an event aside that the door could not take",
        resources=("-events-dead",),
    ),
    Unused(
        ("HttpRole",),
        ("s3:GetObject", "s3:PutObject"),
        "a version that failed is tried again; test_setbacks.py calls it",
        resources=("/deployments/*",),
    ),
    Unused(
        ("HttpRole",),
        ("s3:PutObject",),
        "that a job is to be cancelled is written down; test_setbacks.py has it",
        resources=("/jobs/*",),
    ),
    Unused(
        ("HttpRole",),
        ("sqs:SendMessage",),
        "what was announced of other services is given back; the loop has one service",
        resources=("-captures",),
    ),
    Unused(
        ("OnTimerRole",),
        ("sqs:SendMessage",),
        "a thousand announcements between two runs are thinned out; the loop has fewer",
        resources=("-captures",),
    ),
    Unused(
        ("OnTimerRole",),
        ("s3:GetObject",),
        "an alert of failed runs looks whom such a run is about; on a busy machine one of the loop "
        "may need more attempts than the alert has patience for",
        resources=("/statistics/*",),
        by_chance=True,
    ),
    Unused(
        ("OnTimerRole",),
        ("s3:PutObject",),
        "the order of a retraining that a policy's cron starts; test_setbacks.py has one",
        resources=("/training_sets/*",),
    ),
    Unused(
        ("OnTimerRole",),
        ("dynamodb:DeleteItem", "s3:DeleteObject"),
        "records go when they are months old; tests/unit/records has some",
    ),
    Unused(
        ("OnTimerRole",),
        ("s3:GetObject",),
        "whether an upload that was refused months ago still lies there",
        resources=("/packages/*",),
    ),
    Unused(
        ("OnWorkRole",),
        ("s3:GetObject", "s3:PutObject"),
        "what the door of uploads left undone when it died is done; it lives in the loop",
        resources=("/packages/*", "/versions/*"),
        by_chance=True,
    ),
    Unused(
        ("OnAlertRole",),
        ("sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
        "Lambda itself takes messages from the queue, by the role of the function",
    ),
    Unused(
        ("OnAlertRole",),
        ("dynamodb:Query", "sqs:SendMessage"),
        "an event that its receiver did not take is sent later, and given up after a day with an "
        "entry in the ledger; that of the loop takes it",
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
    Unused(
        ("OnTimerRole",),
        ("s3:PutObject",),
        "and writes down what it started, stopped or found ready",
        by_chance=True,
        resources=("/deployments/*",),
    ),
    # What the doors start.
    Unused(
        ("ScorerRole", "BuildRole", "TaskStartRole", "StatisticsRole"),
        LOGS,
        "AWS itself writes the log of a function, build, task or job, by its role",
    ),
    Unused(
        ("ComparisonRole",),
        ("ecs:DescribeTasks", "ecs:ListTasks"),
        "scorers on ECS whose tasks were replaced while a candidate was compared",
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
        ("ecr:BatchGetImage",),
        "AWS names it among what `docker push` needs; the stand-in for docker does not ask",
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
        ("s3:GetObject",),
        "a package that is there already is announced by a copy onto itself; none is in the loop",
        resources=("/packages/*",),
    ),
    Unused(
        ("TrainingRole", "ComparisonRole"),
        ("s3:ListBucket",),
        "without it S3 tells a missing key as forbidden",
    ),
)


#: (role, action, what its resource in the policy is)
Permission = tuple[str, str, str]


def _entries_of(permission: Permission) -> Iterator[Unused]:
    role, action, resource = permission
    for entry in UNUSED:
        told = not entry.resources or resource.endswith(entry.resources)
        if role in entry.roles and action in entry.actions and told:
            yield entry


def without_reason(unused: Iterable[Permission]) -> set[Permission]:
    """What is allowed, not used, and not in the table."""
    return {permission for permission in unused if not any(_entries_of(permission))}


def without_effect(
    allowed: Iterable[Permission], unused: Iterable[Permission]
) -> set[tuple[str, str]]:
    """(role, action) of the table that no role allows, or that was called after all."""
    kept = set(unused)
    needed = {
        (role, action, entry)
        for permission in allowed
        for entry in _entries_of(permission)
        if permission in kept or entry.by_chance
        for role, action in [permission[:2]]
    }
    called = {
        (role, action)
        for role, action, resource in set(allowed) - kept
        for entry in _entries_of((role, action, resource))
        if not entry.by_chance
    }
    told = {(role, action, e) for e in UNUSED for role in e.roles for action in e.actions}
    return called | {(role, action) for role, action, _ in told - needed}
