"""The ECS cluster of a stage, emptied: CloudFormation deletes none in which anything runs."""

import sys
import time
from collections.abc import Iterator
from typing import Any

import boto3

from scienceops.adapters.aws.fargate_runtime import MOST_DESCRIBED, FargateRuntime
from scienceops.adapters.aws.resources import cluster
from scienceops.config import Settings

#: Containers have a minute to end, and Fargate takes its time to see that they did.
LONGEST_SECONDS = 300
PAUSE_SECONDS = 5
#: How tasks are marked that a service keeps, which starts others in their place.
OF_A_SERVICE = "ecs-svc/"


def empty_cluster(settings: Settings) -> None:
    """End every service and task, whoever knows of them, and wait until the last has ended.

    Raises SystemExit with what still runs when that takes too long.
    """
    ecs: Any = boto3.client("ecs")
    scaling: Any = boto3.client("application-autoscaling")
    fargate = FargateRuntime(settings, ecs=ecs, scaling=scaling, logs=None)
    for name in sorted(fargate.present()):
        sys.stdout.write(f"stopping service {name}, which no record names\n")
        fargate.stop(name)
    name = cluster(settings.aws)
    end = time.monotonic() + LONGEST_SECONDS
    while left := [*_services(ecs, name), *(tasks := list(_tasks(ecs, name)))]:
        if time.monotonic() > end:
            arns = ", ".join(each.get("taskArn") or each["serviceArn"] for each in left)
            raise SystemExit(f"still running: {arns}; look at them in the console, then try again")
        for task in tasks:
            if task["desiredStatus"] != "STOPPED" and not _is_kept(task):
                sys.stdout.write(f"stopping task {task['taskArn']}\n")
                ecs.stop_task(cluster=name, task=task["taskArn"], reason="the stage is taken down")
        time.sleep(PAUSE_SECONDS)


def _services(ecs: Any, name: str) -> Iterator[dict[str, Any]]:
    """Every service that is not gone, also one whose tasks are ending."""
    pages = ecs.get_paginator("list_services")
    # As many as one call describes.
    size = {"PageSize": MOST_DESCRIBED}
    try:
        for page in pages.paginate(cluster=name, PaginationConfig=size):
            if listed := page["serviceArns"]:
                told = ecs.describe_services(cluster=name, services=listed)["services"]
                yield from (service for service in told if service["status"] != "INACTIVE")
    except ecs.exceptions.ClusterNotFoundException:
        return


def _tasks(ecs: Any, name: str) -> Iterator[dict[str, Any]]:
    """Every task that has not ended, also one that was told to."""
    pages = ecs.get_paginator("list_tasks")
    try:
        for desired in ("RUNNING", "STOPPED"):
            for page in pages.paginate(cluster=name, desiredStatus=desired):
                if listed := page["taskArns"]:
                    told = ecs.describe_tasks(cluster=name, tasks=listed)["tasks"]
                    yield from (task for task in told if task["lastStatus"] != "STOPPED")
    except ecs.exceptions.ClusterNotFoundException:
        return


def _is_kept(task: dict[str, Any]) -> bool:
    return str(task.get("startedBy", "")).startswith(OF_A_SERVICE)
