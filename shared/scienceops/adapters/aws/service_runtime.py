"""AwsServiceRuntime: each deployment on Lambda or on Fargate, as the service's policy says.

What was started lies in the bucket, deployments/NAME/VERSION.json: on which runtime, how
often by now, why it was refused if it was, and whether it has been ready or was stopped.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from scienceops.adapters.aws import fargate_runtime, lambda_runtime
from scienceops.adapters.aws.fargate_runtime import FargateRuntime
from scienceops.adapters.aws.lambda_runtime import LambdaRuntime
from scienceops.adapters.aws.resources import StartRefused, deployment_name
from scienceops.bodies import Body
from scienceops.config import Settings
from scienceops.core.known_fields import known_fields
from scienceops.core.policy import check_runtime
from scienceops.errors import BadPolicy, ObjectNotFound
from scienceops.ports.object_store import ObjectStore
from scienceops.ports.service_runtime import DeployOrder, Observed, Reply, ServiceStatus

log = logging.getLogger(__name__)

DEPLOYMENTS = "deployments/"
#: ECS shows what was made only some moments later, and a function is away while another worker that
#: began the same start makes it anew; after this long, what is not shown is gone.
SHOWN_WITHIN = timedelta(minutes=2)


@dataclass(frozen=True)
class Started:
    """The last start of a deployment. generation: how many there were with it.

    ECS lets no service be made under the name of one that is being deleted, so each start has a
    name of its own; two workers that begin the same one agree on it. begun: whether all that a
    start makes was made; whoever died in the middle left it to the next one. stopped: that it is
    to be stopped, or was.
    """

    runtime: str
    generation: int = 1
    stopped: bool = False
    refused: str = ""
    was_ready: bool = False
    begun: bool = True


class AwsServiceRuntime:
    """ServiceRuntime of an AWS account.

    functions, calls, ecs, scaling, logs: boto3 clients of lambda, twice, ecs,
    application-autoscaling and logs; `calls` must try nothing twice. port: of scorers on Fargate.
    clock: the time now, to be compared with the bucket's.
    """

    def __init__(
        self,
        settings: Settings,
        objects: ObjectStore,
        *,
        functions: Any,
        calls: Any,
        ecs: Any,
        scaling: Any,
        logs: Any,
        port: int = fargate_runtime.PORT,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._objects = objects
        self._lambda = LambdaRuntime(settings, functions=functions, calls=calls)
        self._fargate = FargateRuntime(settings, ecs=ecs, scaling=scaling, logs=logs, port=port)

    def start(self, order: DeployOrder) -> None:
        """Start it on its runtime, unless it runs. What AWS refuses is told by `status`."""
        status = self.status(order.service, order.version)
        if status.observed in (Observed.STARTING, Observed.READY):
            return
        kind = lambda_runtime.KIND if order.runtime == "auto" else order.runtime
        before = self._read(order.service, order.version)
        if before is not None and before.runtime == kind and not (before.begun or before.stopped):
            started = before
        else:
            if before is not None and not before.stopped:
                self._end(before, order.service, order.version)
            started = Started(kind, before.generation + 1 if before else 1, begun=False)
            self._write(order.service, order.version, started)
        try:
            check_runtime(order.runtime, "aws", warm=self._settings.aws.warm)
            if kind == fargate_runtime.KIND:
                self._fargate.start(order, self._name(started, order.service, order.version))
            else:
                self._lambda.start(order)
        except (StartRefused, BadPolicy) as error:
            started = replace(started, refused=f"the scorer cannot be started: {error}")
        self._write_begun(order.service, order.version, started)

    def status(self, service: str, version: int) -> ServiceStatus:
        """How it stands."""
        started = self._read(service, version)
        if started is None or started.stopped or not started.begun:
            return ServiceStatus(service, version, Observed.STOPPED)
        if started.refused:
            return ServiceStatus(service, version, Observed.FAILED, reason=started.refused)
        if started.runtime == fargate_runtime.KIND:
            name = self._name(started, service, version)
            found = self._fargate.status(service, version, name)
            return found or self._not_shown(service, version, f"service {name}")
        status = self._lambda.status(service, version, was_ready=started.was_ready)
        if status is None:
            name = deployment_name(self._settings.aws, service, version)
            return self._not_shown(service, version, f"function {name}")
        if status.observed is Observed.READY and not started.was_ready:
            if self._read(service, version) != started:
                # It was asked for seconds; who stopped it or started it anew meanwhile has said so.
                return self.status(service, version)
            self._write(service, version, replace(started, was_ready=True))
        return status

    def stop(self, service: str, version: int) -> None:
        """End it; what was accepted is answered, and captures are shipped.

        That it is stopped is written first: a start that goes on beside this finds it when it is
        done, and one that comes later takes another name.
        """
        started = self._read(service, version)
        if started is None:
            return
        if not started.stopped:
            self._write(service, version, replace(started, stopped=True))
        self._end(started, service, version)

    def deployments(self) -> list[ServiceStatus]:
        """Every one that was started and not stopped, one whose start was broken off among them.

        On the way a service on ECS that no record is about any more is ended, its scaling with it:
        a stop may have come before ECS showed it, or whoever made it may have died and been
        followed by another.
        """
        found = self._noted()
        self._end_left_over(found)
        statuses = []
        for (service, version), started in sorted(found.items()):
            if started.stopped:
                continue
            status = self.status(service, version)
            if not started.begun and status.observed is Observed.STOPPED:
                why = "its start goes on, or was broken off"
                status = ServiceStatus(service, version, Observed.STARTING, reason=why)
            statuses.append(status)
        return [status for status in statuses if status.observed is not Observed.STOPPED]

    def call(
        self,
        endpoint: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: Body = b"",
        timeout_seconds: float = 60,
    ) -> Reply:
        """One request: an invocation of a function, or HTTP to a task."""
        kind, _, address = endpoint.partition(":")
        if kind == lambda_runtime.KIND:
            return self._lambda.call(address, method, path, headers, body)
        return self._fargate.call(address, method, path, headers, body, timeout_seconds)

    def _end(self, started: Started, service: str, version: int) -> None:
        if started.runtime == fargate_runtime.KIND:
            self._fargate.stop(self._name(started, service, version))
        else:
            self._lambda.stop(service, version)

    def _write_begun(self, service: str, version: int, started: Started) -> None:
        """Note that all of a start was made; of one that was stopped meanwhile, end it."""
        now = self._read(service, version)
        if now is not None and not now.stopped and now.generation == started.generation:
            self._write(service, version, replace(started, begun=True))
        elif started.runtime == fargate_runtime.KIND or (now is not None and now.stopped):
            # On Lambda a later start has made the function of this name its own.
            self._end(started, service, version)

    def _noted(self) -> dict[tuple[str, int], Started]:
        """The last start of each deployment that there ever was."""
        found = {}
        for info in self._objects.scan(DEPLOYMENTS):
            service, _, file = info.key.removeprefix(DEPLOYMENTS).partition("/")
            place = service, int(file.removesuffix(".json"))
            if started := self._read(*place):
                found[place] = started
        return found

    def _end_left_over(self, found: Mapping[tuple[str, int], Started]) -> None:
        kinds = {started.runtime for started in found.values()}
        if fargate_runtime.KIND not in kinds:
            return
        places = {deployment_name(self._settings.aws, *place): place for place in found}
        for name in sorted(self._fargate.present()):
            place = places.get(name.rpartition("-")[0])
            if place is None:
                continue
            # Read after ECS was asked: a start is noted before its service is made.
            now = self._read(*place)
            if now is None or now.stopped or name != self._name(now, *place):
                log.warning("left over service stopped", extra={"name_on_ecs": name})
                self._fargate.stop(name)

    def _not_shown(self, service: str, version: int, what: str) -> ServiceStatus:
        """Of a service or function that AWS does not show: not yet, or not any more."""
        age = self._clock() - self._objects.stat(_key(service, version)).modified_at
        if age < SHOWN_WITHIN:
            why = f"AWS does not show the {what} yet"
            return ServiceStatus(service, version, Observed.STARTING, reason=why)
        why = f"there is no {what} any more"
        return ServiceStatus(service, version, Observed.FAILED, reason=why)

    def _name(self, started: Started, service: str, version: int) -> str:
        return f"{deployment_name(self._settings.aws, service, version)}-{started.generation}"

    def _read(self, service: str, version: int) -> Started | None:
        try:
            document = json.loads(self._objects.get(_key(service, version)))
        except ObjectNotFound:
            return None
        return Started(**known_fields(Started, document))

    def _write(self, service: str, version: int, started: Started) -> None:
        self._objects.put(_key(service, version), json.dumps(asdict(started)).encode())


def _key(service: str, version: int) -> str:
    return f"{DEPLOYMENTS}{service}/{version}.json"
