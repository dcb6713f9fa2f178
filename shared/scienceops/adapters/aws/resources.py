"""Resources: names of what infra/serverless.yml makes, and what a container of ours is told."""

import hashlib
from collections.abc import Mapping

from scienceops.adapters.oci.settings_inside import settings_inside
from scienceops.aws_settings import AwsSettings
from scienceops.config import PREFIX, SCORER_PREFIX, Settings
from scienceops.ports.service_runtime import DeployOrder

#: Of the name of a Lambda function.
LONGEST_NAME = 64


class StartRefused(Exception):
    """The platform would not begin what it was asked for; trying again gives the same answer."""


def role(aws: AwsSettings, name: str) -> str:
    """The ARN of a role of this installation."""
    return f"{aws.roles}{aws.prefix}{name}"


def log_group(aws: AwsSettings) -> str:
    """Where scorers and tasks write."""
    return f"/scienceops/{aws.prefix}services"


def cluster(aws: AwsSettings) -> str:
    """The ECS cluster of scorers and tasks."""
    return f"{aws.prefix}services"


def deployment_name(aws: AwsSettings, service: str, version: int) -> str:
    """Of the Lambda function or the ECS service of a deployment: one that is too long for a
    function is cut, and told by a hash.

    >>> deployment_name(AwsSettings(prefix="scienceops-dev-"), "iris", 3)
    'scienceops-dev-iris-3'
    """
    name = f"{aws.prefix}{service}-{version}"
    if len(name) <= LONGEST_NAME:
        return name
    told = hashlib.sha256(service.encode()).hexdigest()[:6]
    end = f"-{told}-{version}"
    return name[: LONGEST_NAME - len(end)].rstrip("-") + end


def environment_inside(settings: Settings) -> dict[str, str]:
    """What any container of ours is told of this installation."""
    own = {"CLOUD": "aws", "AWS_BUCKET": settings.aws.bucket, "AWS_PREFIX": settings.aws.prefix}
    return {**settings_inside(settings), **{PREFIX + name: value for name, value in own.items()}}


def scorer_environment(order: DeployOrder, settings: Settings, replica: str) -> dict[str, str]:
    """What a scorer is told besides what its image says. replica: what its copies' names start
    with, each adds something random."""
    own = {
        "SERVICE": order.service,
        "VERSION": str(order.version),
        "REPLICA": f"{replica}-",
        "GATEWAY_KEY_SHA256": order.gateway_key_sha256,
    }
    named = {SCORER_PREFIX + name: value for name, value in own.items()}
    return {**environment_inside(settings), **named, **order.settings}


def lines_of(environment: Mapping[str, str]) -> list[dict[str, str]]:
    """An environment as ECS takes it."""
    return [{"name": name, "value": value} for name, value in sorted(environment.items())]
