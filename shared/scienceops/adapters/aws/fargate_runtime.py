"""FargateRuntime: a version is an ECS service, always warm, with more tasks under load.

Its endpoint names the tasks that answered when it was looked at. A call tries them from any of
them on; when none can be reached, ECS is asked who is there now: docs/decisions/0010.
"""

import random
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scienceops.adapters.aws.clients import error_code
from scienceops.adapters.aws.log_streams import read_end
from scienceops.adapters.aws.resources import (
    StartRefused,
    cluster,
    log_group,
    scorer_environment,
)
from scienceops.adapters.aws.service_scaling import ServiceScaling
from scienceops.adapters.aws.task_definition import (
    address_of,
    log_stream,
    network_of,
    task_definition,
)
from scienceops.adapters.scoring.scorer_client import NotReached, ScorerClient
from scienceops.bodies import Body
from scienceops.config import Settings
from scienceops.errors import ScorerHidden, ServiceNotReady, Unavailable
from scienceops.ports.service_runtime import DeployOrder, Observed, Reply, ServiceStatus

KIND = "fargate"
PORT = 8080
PROBE_SECONDS = 5.0
#: Within a network a task that is there takes a connection at once.
CONNECT_SECONDS = 1.0
#: What a scorer ends with when its model cannot be loaded, which no other try changes.
CANNOT_LOAD = 3
TAIL_LINES = 20
#: Services that one call of DescribeServices takes.
MOST_DESCRIBED = 10

_REFUSED = (
    "InvalidParameterException",
    "ClientException",
    "AccessDeniedException",
    "ClusterNotFoundException",
)
#: In the message of an InvalidParameterException, where alone ECS says so.
_EXISTS, _BEING_DELETED = "was not idempotent", "still Draining"
_NO_SERVICE = ("ServiceNotFoundException", "ServiceNotActiveException")
_NO_CLUSTER = "ClusterNotFoundException"


class FargateRuntime:
    """Scorers on Fargate. ecs, scaling (application-autoscaling), logs: boto3 clients."""

    def __init__(
        self, settings: Settings, *, ecs: Any, scaling: Any, logs: Any, port: int = PORT
    ) -> None:
        self._settings = settings
        self._ecs = ecs
        self._logs = logs
        self._port = port
        self._client = ScorerClient(connect_seconds=CONNECT_SECONDS)
        self._cluster = cluster(settings.aws)
        self._scaling = ServiceScaling(scaling, self._cluster)

    def start(self, order: DeployOrder, name: str) -> None:
        """Create the service of this name, unless it is there; raises StartRefused, and Unavailable
        while one of this name is being deleted."""
        if not self._settings.aws.subnets:
            raise StartRefused(
                "runtime = fargate needs SCIENCEOPS_AWS_SUBNETS and SCIENCEOPS_AWS_SECURITY_GROUP"
            )
        environment = {
            **scorer_environment(order, self._settings, uuid.uuid4().hex[:12]),
            "SCORER_BIND": f"0.0.0.0:{self._port}",
            # Fargate shows a container the machine's cores and no limit.
            "SCORER_CPUS": f"{self._settings.container_cpus:g}",
        }
        definition = task_definition(
            self._settings,
            family=name,
            image=order.image,
            task_role="scorer",
            environment=environment,
            portMappings=[{"containerPort": self._port, "protocol": "tcp"}],
            healthCheck={
                "command": ["CMD", "python", "-m", "scorer_container.health"],
                "interval": 10,
                "timeout": 5,
                "retries": 3,
                "startPeriod": 60,
            },
        )
        try:
            made = self._ecs.register_task_definition(**definition)["taskDefinition"]
            self._ecs.create_service(
                cluster=self._cluster,
                serviceName=name,
                # Of this call, which is the same one when the SDK tries it again.
                clientToken=uuid.uuid4().hex,
                taskDefinition=made["taskDefinitionArn"],
                desiredCount=1,
                launchType="FARGATE",
                platformVersion="LATEST",
                networkConfiguration=network_of(
                    self._settings.aws, self._settings.aws.security_group
                ),
                deploymentConfiguration={
                    "deploymentCircuitBreaker": {"enable": True, "rollback": True},
                    "minimumHealthyPercent": 100,
                    "maximumPercent": 200,
                },
                propagateTags="SERVICE",
            )
        except ClientError as error:
            if _BEING_DELETED in str(error):
                raise Unavailable(f"ECS still deletes a service {name}") from error
            # Another worker may have begun the same in this moment, which ECS need not show yet.
            if _EXISTS not in str(error) and self._find(name) is None:
                if error_code(error) in _REFUSED:
                    raise StartRefused(str(error)) from error
                raise
        self._scaling.scale(name)

    def status(self, service: str, version: int, name: str) -> ServiceStatus | None:
        """How the service of this name stands; None of one that ECS does not show."""
        found = self._find(name)
        if found is None:
            return None
        deployment = next(d for d in found["deployments"] if d["status"] == "PRIMARY")
        ended = self._tasks(name, deployment["id"], "STOPPED")
        last = max(ended, key=lambda task: str(task.get("stoppedAt", "")), default=None)
        tail = self._tail(name, last)
        broken = [task for task in ended if _exit_code(task) == CANNOT_LOAD]
        if broken or deployment.get("rolloutState") == "FAILED":
            why = _why(broken[0]) if broken else deployment.get("rolloutStateReason", "")
            return ServiceStatus(service, version, Observed.FAILED, reason=why, log_tail=tail)
        addresses = self._addresses(name, deployment["id"])
        ready = [address for address in addresses if self._answers(address)]
        if ready:
            return ServiceStatus(
                service, version, Observed.READY, f"{KIND}:{name}/{','.join(ready)}"
            )
        why = _why(last) if last else f"{len(addresses)} of its tasks run, none is ready"
        return ServiceStatus(service, version, Observed.STARTING, reason=why, log_tail=tail)

    def stop(self, name: str) -> None:
        """Delete the service, shown or not: each task gets SIGTERM, and GRACE_SECONDS to drain."""
        try:
            self._ecs.delete_service(cluster=self._cluster, service=name, force=True)
        except ClientError as error:
            if error_code(error) not in (*_NO_SERVICE, _NO_CLUSTER):
                raise
        # After it, since a start that goes on beside this can scale no service that is deleted.
        self._scaling.end(name)

    def present(self) -> set[str]:
        """The names of all services that ECS runs or scales, whoever knows of them."""
        services = self._ecs.get_paginator("list_services").paginate(
            cluster=self._cluster, PaginationConfig={"PageSize": MOST_DESCRIBED}
        )
        names: set[str] = set()
        try:
            for page in services:
                if listed := page["serviceArns"]:
                    names |= {found["serviceName"] for found in self._active(listed)}
        except ClientError as error:
            # A stage that is taken down may have lost it already.
            if error_code(error) != _NO_CLUSTER:
                raise
        return names | set(self._scaling.names())

    def call(
        self,
        address: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Body,
        timeout_seconds: float,
    ) -> Reply:
        """One request to one of the tasks."""
        name, _, known = address.partition("/")

        def ask(hosts: Sequence[str]) -> Reply | None:
            for host in random.sample(hosts, len(hosts)):
                try:
                    return self._client.call(host, method, path, headers, body, timeout_seconds)
                except NotReached:
                    continue
            return None

        reply = ask(known.split(","))
        if reply is None:
            # They were all replaced since; whoever keeps the record has not seen it yet.
            reply = ask(self._known_addresses(name))
        if reply is None:
            # None was asked: they were replaced, and the next ones are not there yet.
            raise ScorerHidden(f"no task of {name} can be reached", retry_after_seconds=5)
        return reply

    def _find(self, name: str) -> Mapping[str, Any] | None:
        return next(iter(self._active([name])), None)

    def _active(self, names: Sequence[str]) -> list[Mapping[str, Any]]:
        told = self._ecs.describe_services(cluster=self._cluster, services=list(names))
        return [found for found in told["services"] if found["status"] == "ACTIVE"]

    def _tasks(self, name: str, deployment: str = "", wanted: str = "RUNNING") -> list[Any]:
        pages = self._ecs.get_paginator("list_tasks").paginate(
            cluster=self._cluster, serviceName=name, desiredStatus=wanted
        )
        tasks: list[Any] = []
        try:
            for page in pages:
                # As many as one call describes.
                if listed := page["taskArns"]:
                    told = self._ecs.describe_tasks(cluster=self._cluster, tasks=listed)
                    tasks += told["tasks"]
        except ClientError as error:
            # Not yet shown everywhere, or gone in this moment.
            if error_code(error) not in _NO_SERVICE:
                raise
        return [task for task in tasks if deployment in ("", task.get("startedBy"))]

    def _known_addresses(self, name: str) -> list[str]:
        """Those of a service for a call, which is told as not ready when ECS does not answer."""
        try:
            return self._addresses(name)
        except (ClientError, BotoCoreError) as error:
            raise ServiceNotReady(f"ECS does not tell the tasks of {name} ({error})") from error

    def _addresses(self, name: str, deployment: str = "") -> list[str]:
        running = (t for t in self._tasks(name, deployment) if t["lastStatus"] == "RUNNING")
        return sorted(f"{a}:{self._port}" for task in running if (a := address_of(task)))

    def _answers(self, address: str) -> bool:
        try:
            reply = self._client.call(address, "GET", "/readyz", {}, b"", PROBE_SECONDS)
        except ServiceNotReady:
            return False
        return reply.status == 200

    def _tail(self, name: str, task: Mapping[str, Any] | None) -> tuple[str, ...]:
        if task is None:
            return ()
        group, stream = log_group(self._settings.aws), log_stream(name, task["taskArn"])
        log = read_end(self._logs, group, stream, TAIL_LINES)
        return tuple(log.splitlines()[-TAIL_LINES:])


def _exit_code(task: Mapping[str, Any]) -> int | None:
    codes = [c["exitCode"] for c in task.get("containers", ()) if "exitCode" in c]
    return codes[0] if codes else None


def _why(task: Mapping[str, Any]) -> str:
    """Why a task ended, in ECS's words and by its exit code."""
    code = _exit_code(task)
    told = [c["reason"] for c in task.get("containers", ()) if c.get("reason")]
    reason = told[0] if told else task.get("stoppedReason", "its task stopped")
    return f"{reason}, exit code {code}" if code is not None else str(reason)
