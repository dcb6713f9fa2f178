"""A stand-in for ECS on Fargate: each task is the container's command, as a process here.

A service keeps as many tasks as are desired, asks each for its health by the container's own health
check, and gives a deployment up after some failures in a row, as the circuit breaker does.
"""

import itertools
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from emulators import processes
from emulators.recorder.recorded import recorded_as
from emulators.stand_in_error import ApiError
from emulators.stand_in_image import pull, run_environment
from emulators.stand_in_logs import StandInLogs
from stand_in_registry import Registry

#: Addresses of this machine that tasks get, each its own network as in a VPC.
ADDRESSES = [f"127.0.0.{number}" for number in range(2, 60)]
#: Failures in a row after which a deployment is given up.
BREAKS_AT = 3
LOOK_SECONDS = 0.1
#: What a list tells at a time, so that a second page is seen; ECS has up to 100.
PAGE = 2


def page(name: str, arns: list[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """One page of a list, with the token of the next when there is one."""
    start = int(given.get("nextToken") or 0)
    end = start + min(given.get("maxResults", PAGE), PAGE)
    more = {"nextToken": str(end)} if end < len(arns) else {}
    return {name: arns[start:end], **more}


class Task:
    """One task: its process, and what DescribeTasks tells of it."""

    def __init__(self, facts: dict[str, Any], process: subprocess.Popen[str]) -> None:
        self.facts = facts
        self.process = process
        self.health: list[str] = []
        self.environment: Mapping[str, str] = {}
        self.grace_seconds = 30
        self.role = ""
        self.network: Mapping[str, Any] = {}


class StandInEcs:
    def __init__(
        self,
        folder: Path,
        registry: Registry,
        logs: StandInLogs,
        own: Callable[[], Mapping[str, str]],
    ) -> None:
        self._folder = folder / "ecs"
        self._registry = registry
        self._logs = logs
        self._own = own
        self._definitions: dict[str, list[dict[str, Any]]] = {}
        self._services: dict[str, dict[str, Any]] = {}
        self._by_token: dict[str, tuple[dict[str, Any], Task]] = {}
        self._addresses: Iterator[str] = itertools.cycle(ADDRESSES)
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self.tasks: dict[str, Task] = {}
        #: Whether it knows of no service, as it may in the moments after one was made.
        self.hides_services = False

    def handle(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        actions: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "RegisterTaskDefinition": self._register,
            "DescribeTaskDefinition": lambda g: {"taskDefinition": self._find(g["taskDefinition"])},
            "CreateService": self._create,
            "DeleteService": self._delete,
            "DescribeServices": self._describe_services,
            "ListServices": self._list_services,
            "ListTasks": self._list_tasks,
            "DescribeTasks": self._describe_tasks,
            "RunTask": self._run_task,
            "StopTask": self._stop_task,
        }
        if operation not in actions:
            raise ApiError("UnknownOperationException", operation)
        with self._lock:
            return actions[operation](given)

    def stop(self) -> None:
        """End every task; from now on none is started."""
        with self._lock:
            self._ended.set()
            ended = list(self.tasks.values())
            for task in ended:
                processes.end(task.process)
        for task in ended:
            task.process.wait()

    def _register(self, given: dict[str, Any]) -> dict[str, Any]:
        known = self._definitions.setdefault(given["family"], [])
        arn = f"arn:aws:ecs:us-east-1:000000000000:task-definition/{given['family']}"
        known.append({**given, "taskDefinitionArn": f"{arn}:{len(known) + 1}", "status": "ACTIVE"})
        return {"taskDefinition": known[-1]}

    def _find(self, name: str) -> dict[str, Any]:
        family, _, revision = name.rpartition("/")[2].partition(":")
        if family not in self._definitions:
            raise ApiError("ClientException", "Unable to describe task definition.")
        known = self._definitions[family]
        return known[int(revision) - 1] if revision else known[-1]

    # Services

    def _create(self, given: dict[str, Any]) -> dict[str, Any]:
        name = given["serviceName"]
        token = given.get("clientToken")
        if token and self._services.get(name, {}).get("clientToken") == token:
            return {"service": self._services[name]}
        if self._services.get(name, {}).get("status") == "DRAINING":
            message = "Unable to Start a service that is still Draining."
            raise ApiError("InvalidParameterException", message)
        if self._services.get(name, {}).get("status") == "ACTIVE":
            raise ApiError("InvalidParameterException", "Creation of service was not idempotent.")
        arn = f"arn:aws:ecs:us-east-1:000000000000:service/{given['cluster']}/{name}"
        service = {
            **given,
            "serviceArn": arn,
            "status": "ACTIVE",
            "runningCount": 0,
            "deployments": [],
        }
        self._services[name] = service
        self._deploy(service)
        threading.Thread(target=self._keep, args=(service,), daemon=True).start()
        return {"service": service}

    def _delete(self, given: dict[str, Any]) -> dict[str, Any]:
        service = self._shown().get(given["service"])
        if service is None or service["status"] == "INACTIVE":
            raise ApiError("ServiceNotFoundException", "Service not found.")
        service.update(status="DRAINING", desiredCount=0)
        return {"service": service}

    def _deploy(self, service: dict[str, Any]) -> None:
        deployment = {
            "id": f"ecs-svc/{uuid4().int % 10**19}",
            "status": "PRIMARY",
            "taskDefinition": self._find(service["taskDefinition"])["taskDefinitionArn"],
            "rolloutState": "IN_PROGRESS",
            "failedTasks": 0,
        }
        service["deployments"] = [deployment]

    def _describe_services(self, given: dict[str, Any]) -> dict[str, Any]:
        shown = self._shown()
        asked = [name.rpartition("/")[2] for name in given["services"]]
        known = [shown[name] for name in asked if name in shown]
        missing = [name for name in asked if name not in shown]
        failures = [{"arn": name, "reason": "MISSING"} for name in missing]
        return {"services": known, "failures": failures}

    def _list_services(self, given: dict[str, Any]) -> dict[str, Any]:
        known = self._shown().values()
        arns = [told["serviceArn"] for told in known if told["status"] != "INACTIVE"]
        return page("serviceArns", arns, given)

    def _shown(self) -> dict[str, dict[str, Any]]:
        return {} if self.hides_services else self._services

    def _keep(self, service: dict[str, Any]) -> None:
        """Bring the tasks of a service in line with what is desired, until the end."""
        while not self._ended.wait(LOOK_SECONDS):
            with self._lock:
                if self._ended.is_set():
                    return
                [deployment] = service["deployments"]
                own = [
                    t for t in self.tasks.values() if t.facts.get("startedBy") == deployment["id"]
                ]
                group = f"service:{service['serviceName']}"
                running = [task for task in own if task.facts["lastStatus"] == "RUNNING"]
                deployment["failedTasks"] = sum(
                    1 for t in own if t.facts["stopCode"] == "EssentialContainerExited"
                )
                if deployment["failedTasks"] >= BREAKS_AT:
                    deployment["rolloutState"] = "FAILED"
                    deployment["rolloutStateReason"] = (
                        "ECS deployment circuit breaker: tasks failed to start."
                    )
                elif len(running) < service["desiredCount"]:
                    facts = {"group": group, "startedBy": deployment["id"]}
                    self._start(service, {}, facts)
                for task in running[service["desiredCount"] :]:
                    self._end(task, "Scaling activity initiated by deployment")
                service["runningCount"] = len(running)
                if service["status"] == "DRAINING" and not running:
                    service["status"] = "INACTIVE"
            for task in running:
                self._check_health(task)
            if running and all(t.facts["healthStatus"] == "HEALTHY" for t in running):
                deployment["rolloutState"] = "COMPLETED"

    def _check_health(self, task: Task) -> None:
        if not task.health or task.facts["healthStatus"] == "HEALTHY":
            return
        asked = subprocess.run(
            task.health, env=task.environment, capture_output=True, check=False, timeout=600
        )
        task.facts["healthStatus"] = "UNKNOWN" if asked.returncode else "HEALTHY"

    # Tasks

    def _run_task(self, given: dict[str, Any]) -> dict[str, Any]:
        token = given.get("clientToken") or uuid4().hex
        if token in self._by_token:
            before, task = self._by_token[token]
            if before != given:
                message = "The clientToken was used with other input."
                tasks = [task.facts["taskArn"]]
                raise ApiError("ConflictException", message, resourceIds=tasks)
            return {"tasks": [task.facts], "failures": []}
        [overrides] = given.get("overrides", {}).get("containerOverrides", [{}])
        facts = {"group": f"family:{given['taskDefinition']}", "startedBy": given["startedBy"]}
        task = self._start(given, overrides, facts)
        self._by_token[token] = (given, task)
        return {"tasks": [task.facts], "failures": []}

    def _start(
        self, order: Mapping[str, Any], overrides: dict[str, Any], facts: dict[str, Any]
    ) -> Task:
        if self._ended.is_set():
            raise ApiError("ClientException", "The cluster is gone.")
        found = self._find(order["taskDefinition"])
        [container] = found["containerDefinitions"]
        identity, address = uuid4().hex, next(self._addresses)
        folder = self._folder / identity
        image = pull(self._registry, container["image"], folder)
        given = {e["name"]: e["value"] for e in container.get("environment", ())}
        given |= {e["name"]: e["value"] for e in overrides.get("environment", ())}
        port = given.get("SCORER_BIND", "0.0.0.0:8080").rpartition(":")[2]
        environment = recorded_as(
            found["taskRoleArn"],
            run_environment(image, given, {**self._own(), "SCORER_BIND": f"{address}:{port}"}),
        )
        command = [*image.entry_point, *(overrides.get("command") or container.get("command", ()))]
        process = processes.start(command, folder, environment)
        details = [{"name": "privateIPv4Address", "value": address}]
        task = Task(
            {
                **facts,
                "taskArn": f"arn:aws:ecs:us-east-1:000000000000:task/{order['cluster']}/{identity}",
                "taskDefinitionArn": found["taskDefinitionArn"],
                "lastStatus": "RUNNING",
                "desiredStatus": "RUNNING",
                "healthStatus": "UNKNOWN",
                "stopCode": "",
                "containers": [{"name": container["name"], "lastStatus": "RUNNING"}],
                "attachments": [{"type": "ElasticNetworkInterface", "details": details}],
            },
            process,
        )
        task.health = list(container.get("healthCheck", {}).get("command", ()))[1:]
        task.environment = environment
        task.role = found["taskRoleArn"]
        task.network = order["networkConfiguration"]
        task.grace_seconds = container.get("stopTimeout", 30)
        self.tasks[task.facts["taskArn"]] = task
        options = container["logConfiguration"]["options"]
        stream = f"{options['awslogs-stream-prefix']}/{container['name']}/{identity}"
        threading.Thread(
            target=self._watch, args=(task, options["awslogs-group"], stream), daemon=True
        ).start()
        return task

    def _watch(self, task: Task, group: str, stream: str) -> None:
        code = processes.follow(task.process, partial(self._logs.append, group, stream))
        with self._lock:
            stopped = task.facts["desiredStatus"] == "STOPPED"
            task.facts["containers"][0].update(exitCode=code, lastStatus="STOPPED")
            task.facts.update(lastStatus="STOPPED", desiredStatus="STOPPED")
            if not stopped:
                task.facts["stopCode"] = "EssentialContainerExited"
                task.facts["stoppedReason"] = "Essential container in task exited"

    def _stop_task(self, given: dict[str, Any]) -> dict[str, Any]:
        task = self.tasks.get(given["task"])
        if task is None:
            raise ApiError("InvalidParameterException", "The referenced task was not found.")
        self._end(task, given.get("reason", ""), "UserInitiated")
        return {"task": task.facts}

    def _end(self, task: Task, why: str, code: str = "ServiceSchedulerInitiated") -> None:
        if task.facts["desiredStatus"] == "STOPPED":
            return
        task.facts.update(desiredStatus="STOPPED", stopCode=code, stoppedReason=why)
        processes.end(task.process, signal.SIGTERM)

        def kill() -> None:
            try:
                task.process.wait(task.grace_seconds)
            except subprocess.TimeoutExpired:
                processes.end(task.process)

        threading.Thread(target=kill, daemon=True).start()

    def _list_tasks(self, given: dict[str, Any]) -> dict[str, Any]:
        wanted = given.get("desiredStatus", "RUNNING")
        tasks = [t.facts for t in self.tasks.values() if t.facts["desiredStatus"] == wanted]
        if "serviceName" in given:
            known = self._shown().get(given["serviceName"], {"status": "INACTIVE"})
            if known["status"] == "INACTIVE":
                raise ApiError("ServiceNotFoundException", "Service not found.")
            tasks = [t for t in tasks if t["group"] == f"service:{given['serviceName']}"]
        return page("taskArns", [task["taskArn"] for task in tasks], given)

    def _describe_tasks(self, given: dict[str, Any]) -> dict[str, Any]:
        known = [self.tasks[arn].facts for arn in given["tasks"] if arn in self.tasks]
        missing = [arn for arn in given["tasks"] if arn not in self.tasks]
        failures = [{"arn": arn, "reason": "MISSING"} for arn in missing]
        return {"tasks": known, "failures": failures}
