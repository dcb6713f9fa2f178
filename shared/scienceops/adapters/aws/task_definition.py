"""Task definition: how one container of ours stands on Fargate."""

from collections.abc import Mapping
from typing import Any

from scienceops.adapters.aws.resources import lines_of, log_group, role
from scienceops.aws_settings import AwsSettings
from scienceops.config import Settings

#: CPU units, and the least, the most and the step of the memory in MB that Fargate takes with them.
SIZES = (
    (256, 512, 1024, 512),
    # With a quarter of a processor there is nothing between 1 and 2 GB.
    (256, 2048, 2048, 1024),
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16384, 1024),
    (4096, 8192, 30720, 1024),
    (8192, 16384, 61440, 4096),
    (16384, 32768, 122880, 8192),
)
#: The one container of each of our tasks.
CONTAINER = "main"
#: How long after SIGTERM a container is killed; the most that Fargate takes is 120.
GRACE_SECONDS = 60


def size_of(cpus: float, memory_mb: int) -> tuple[str, str]:
    """The smallest (CPU units, MB) of Fargate with at least so much of both.

    >>> size_of(0.5, 1024), size_of(0.25, 5000), size_of(2, 1024)
    (('512', '1024'), ('1024', '5120'), ('2048', '4096'))
    >>> size_of(0.25, 1200)
    ('256', '2048')
    """
    for units, least, most, step in SIZES:
        if units >= cpus * 1024 and memory_mb <= most:
            over = max(0, memory_mb - least)
            return str(units), str(least + -(-over // step) * step)
    units, _, most, _ = SIZES[-1]
    return str(units), str(most)


def task_definition(
    settings: Settings,
    *,
    family: str,
    image: str,
    task_role: str,
    environment: Mapping[str, str],
    **container: Any,
) -> dict[str, Any]:
    """The arguments of register_task_definition. container: more of its one container."""
    aws = settings.aws
    cpu, memory = size_of(settings.container_cpus, settings.container_memory_mb)
    return {
        "family": family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": cpu,
        "memory": memory,
        "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        "executionRoleArn": role(aws, "task-start"),
        "taskRoleArn": role(aws, task_role),
        "containerDefinitions": [
            {
                "name": CONTAINER,
                "image": image,
                "essential": True,
                "environment": lines_of(environment),
                "stopTimeout": GRACE_SECONDS,
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": log_group(aws),
                        "awslogs-region": aws.region,
                        "awslogs-stream-prefix": family,
                    },
                },
                **container,
            }
        ],
    }


def log_stream(family: str, task_arn: str) -> str:
    """Where the container of a task writes."""
    return f"{family}/{CONTAINER}/{task_arn.rpartition('/')[2]}"


def network_of(aws: AwsSettings, group: str) -> dict[str, Any]:
    """The network of a task in a security group: public subnets, for which there is no charge."""
    return {
        "awsvpcConfiguration": {
            "subnets": aws.subnets.split(","),
            "securityGroups": [group],
            "assignPublicIp": "ENABLED",
        }
    }


def address_of(task: Mapping[str, Any]) -> str:
    """The address of a task in the network, empty while it has none."""
    for attachment in task.get("attachments", ()):
        for detail in attachment.get("details", ()):
            if detail["name"] == "privateIPv4Address":
                return str(detail["value"])
    return ""
