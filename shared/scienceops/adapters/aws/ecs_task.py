"""EcsTasks: jobs in a version's image, each one task on Fargate.

A version's own job is a training, which calls nobody. A job of the platform that calls scorers has
a role of its own, and stands in a security group that they let in.
"""

import contextlib
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from scienceops.adapters.aws.clients import error_code
from scienceops.adapters.aws.job_runs import Look, token_of
from scienceops.adapters.aws.log_streams import read_stream
from scienceops.adapters.aws.resources import (
    StartRefused,
    cluster,
    environment_inside,
    lines_of,
    log_group,
)
from scienceops.adapters.aws.task_definition import (
    CONTAINER,
    log_stream,
    network_of,
    task_definition,
)
from scienceops.config import Settings
from scienceops.errors import Unavailable
from scienceops.ports.job_launcher import JobOrder

KIND = "ecs"
#: Of the name that ECS lists a task by.
LONGEST_NAME = 36

_UNKNOWN = "ClientException"
#: The same job was begun with other settings: by an earlier release, or before a setting changed.
_BEGUN = "ConflictException"
_REFUSED = ("InvalidParameterException", "ClusterNotFoundException", "AccessDeniedException")


class EcsTasks:
    """JobRuns as tasks. ecs, logs: boto3 clients. The image's entry point takes a module."""

    def __init__(self, settings: Settings, *, ecs: Any, logs: Any) -> None:
        self._settings = settings
        self._ecs = ecs
        self._logs = logs
        self._cluster = cluster(settings.aws)

    def start(self, job_id: str, order: JobOrder) -> str:
        """Run a task of the image."""
        aws = self._settings.aws
        if not aws.subnets:
            raise StartRefused(
                "a job in an image needs SCIENCEOPS_AWS_SUBNETS and SCIENCEOPS_AWS_SECURITY_GROUP"
            )
        if not order.image and not aws.calling_group:
            raise StartRefused("a job that calls scorers needs SCIENCEOPS_AWS_CALLING_GROUP")
        environment = {**environment_inside(self._settings), **order.settings}
        try:
            begun = self._ecs.run_task(
                cluster=self._cluster,
                taskDefinition=self._definition(order),
                launchType="FARGATE",
                count=1,
                clientToken=token_of(aws.prefix, job_id),
                startedBy=job_id[:LONGEST_NAME],
                networkConfiguration=network_of(
                    aws, aws.security_group if order.image else aws.calling_group
                ),
                overrides={
                    "containerOverrides": [
                        {
                            "name": CONTAINER,
                            "command": [order.module, *order.arguments],
                            "environment": lines_of(environment),
                        }
                    ]
                },
            )
        except ClientError as error:
            if error_code(error) == _BEGUN:
                return _begun_before(error)
            if error_code(error) in _REFUSED:
                raise StartRefused(str(error)) from error
            raise
        for failure in begun["failures"]:
            raise Unavailable(f"ECS has no room for a task: {failure.get('reason')}")
        return str(begun["tasks"][0]["taskArn"])

    def look(self, run_id: str) -> Look:
        """How the task stands."""
        task = self._find(run_id)
        if task is None:
            reason = "its task is not known to ECS any more"
            return Look(runs=False, reason=reason, known=False)
        if task["lastStatus"] != "STOPPED":
            return Look(runs=True)
        container = task["containers"][0]
        code = container.get("exitCode")
        if code == 0:
            return Look(runs=False, succeeded=True)
        told = container.get("reason") or task.get("stoppedReason", "its task stopped")
        return Look(runs=False, reason=told if code is None else f"exit code {code} ({told})")

    def stop(self, run_id: str) -> None:
        """Stop the task."""
        # One that is not known any more has ended.
        with contextlib.suppress(self._ecs.exceptions.InvalidParameterException):
            self._ecs.stop_task(cluster=self._cluster, task=run_id, reason="asked for")

    def log(self, run_id: str) -> str:
        """What its container has written."""
        task = self._find(run_id)
        if task is None:
            return ""
        family = task["taskDefinitionArn"].rpartition("/")[2].partition(":")[0]
        stream = log_stream(family, run_id)
        return read_stream(self._logs, log_group(self._settings.aws), stream)

    def _find(self, run_id: str) -> Mapping[str, Any] | None:
        tasks = self._ecs.describe_tasks(cluster=self._cluster, tasks=[run_id])["tasks"]
        return tasks[0] if tasks else None

    def _definition(self, order: JobOrder) -> str:
        """The family for such jobs in this image, made unless it is there.

        It is named by its content, so that a repeated start asks for the very same task.
        """
        wanted = task_definition(
            self._settings,
            family="",
            image=order.image or order.calling_image,
            task_role="training" if order.image else "comparison",
            environment={},
            # The first process of a container hears no SIGTERM unless it asks for it.
            linuxParameters={"initProcessEnabled": True},
        )
        seen = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:16]
        family = f"{self._settings.aws.prefix}job-{seen}"
        try:
            self._ecs.describe_task_definition(taskDefinition=family)
        except ClientError as error:
            if error_code(error) != _UNKNOWN:
                raise
            options = wanted["containerDefinitions"][0]["logConfiguration"]["options"]
            options["awslogs-stream-prefix"] = family
            self._ecs.register_task_definition(**{**wanted, "family": family})
        return family


def _begun_before(error: ClientError) -> str:
    """The task that ECS began under the same token."""
    found: list[str] = error.response.get("resourceIds") or []
    if not found:
        raise error
    return found[0]
