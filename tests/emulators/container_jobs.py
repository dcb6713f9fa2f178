"""Stand-in for Container Apps Jobs in Resource Manager: each execution is a local process."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from azure.mgmt.appcontainers import models
from emulators.container_apps import API_VERSION
from emulators.containers import Container, Pull
from emulators.resource_manager import SUBSCRIPTION, check, problem
from flask import Blueprint, Response, jsonify, request

MAKING, MADE = "InProgress", "Succeeded"
#: What is not told yet of runs: that there are any, or how they stand.
Untold = Literal["", "runs", "states"]
#: Where Azure tells how far it is with a job: beside the resource group.
OPERATIONS = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.App/locations/x/operations"


@dataclass
class Execution:
    """One run of a job."""

    container: Container
    stopped: bool = False

    @property
    def status(self) -> str:
        """As Resource Manager tells it."""
        if self.container.is_running:
            return "Running"
        if self.stopped:
            return "Stopped"
        return "Succeeded" if self.container.exit_code == 0 else "Failed"


@dataclass
class ContainerJobs:
    """The jobs of a resource group."""

    folder: Path
    pull: Pull
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: How far Azure is with each that it was asked for; and what it comes to after the next look.
    provisioning: dict[str, str] = field(default_factory=dict)
    becomes: str = MADE
    #: When each was made.
    made: dict[str, datetime] = field(default_factory=dict)
    executions: dict[str, dict[str, Execution]] = field(default_factory=dict)
    untold: Untold = ""
    #: Looks at a job that do not find it yet, although it was made.
    unseen: int = 0
    #: Starts that do not find it.
    unstarted: int = 0
    #: Those that are being deleted, which takes a while.
    going: set[str] = field(default_factory=set)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def start(self, name: str) -> str:
        """Begin an execution; its name."""
        [spec] = self.jobs[name]["properties"]["template"]["containers"]
        with self.lock:
            runs = self.executions.setdefault(name, {})
            execution = f"{name}-{len(runs) + 1}"
            container = Container(
                self.folder / "jobs" / execution,
                self.pull(spec["image"]),
                command=[*spec["command"], *spec["args"]],
                environment={
                    **{item["name"]: item["value"] for item in spec["env"]},
                    "CONTAINER_APP_JOB_NAME": name,
                    "CONTAINER_APP_JOB_EXECUTION_NAME": execution,
                },
                restart=False,
            )
            runs[execution] = Execution(container)
        return execution

    def end(self) -> None:
        """End whatever runs."""
        for runs in self.executions.values():
            for execution in runs.values():
                execution.container.stop(0)
                execution.container.wait(10)


def blueprint(jobs: ContainerJobs) -> Blueprint:
    """The calls of Resource Manager on them."""
    routes = Blueprint("jobs", __name__)
    place = "/providers/Microsoft.App/jobs"

    @routes.before_request
    def check_version() -> Response | None:
        if request.args.get("api-version") == API_VERSION:
            return None
        return problem(400, "InvalidApiVersionParameter", f"wanted {API_VERSION}")

    def shown(name: str) -> dict[str, Any]:
        made = jobs.made[name].isoformat()
        body = jobs.jobs[name]
        state = {**body["properties"], "provisioningState": jobs.provisioning.get(name, MADE)}
        return {**body, "name": name, "properties": state, "systemData": {"createdAt": made}}

    @routes.get(place)
    def listed() -> Response:
        return jsonify({"value": [shown(name) for name in list(jobs.jobs)]})

    @routes.put(f"{place}/<name>")
    def put(name: str) -> Response:
        body = request.get_json()
        faults = check(models.Job, body)
        if faults:
            return faults
        if name in jobs.jobs:
            return jsonify(shown(name))
        jobs.jobs[name] = body
        jobs.provisioning[name] = MAKING
        jobs.made[name] = datetime.now(UTC)
        reply = jsonify(shown(name))
        reply.status_code = 201
        reply.headers["Azure-AsyncOperation"] = f"{request.host_url.rstrip('/')}{OPERATIONS}/1"
        return reply

    @routes.delete(f"{place}/<name>")
    def delete(name: str) -> Response:
        if name in jobs.going:
            return problem(409, "ContainerAppJobOperationInProgress", f"{name} is being deleted")
        jobs.going.add(name)
        return Response(status=202)

    def is_seen(name: str) -> bool:
        if name in jobs.jobs and jobs.unseen:
            jobs.unseen -= 1
            return False
        return name in jobs.jobs

    @routes.get(f"{place}/<name>")
    def get(name: str) -> Response:
        if not is_seen(name):
            return problem(404, "ResourceNotFound", f"no {name}")
        reply = jsonify(shown(name))
        if jobs.provisioning.get(name) == MAKING:
            jobs.provisioning[name] = jobs.becomes
        return reply

    @routes.post(f"{place}/<name>/start")
    def start(name: str) -> Response:
        if jobs.unstarted:
            jobs.unstarted -= 1
            return problem(404, "ResourceNotFound", f"no {name}")
        if jobs.provisioning.get(name, MADE) != MADE:
            return problem(409, "ContainerAppJobOperationInProgress", f"{name} is not made yet")
        return jsonify({"name": jobs.start(name)})

    @routes.get(f"{place}/<name>/executions")
    def executions(name: str) -> Response:
        if name not in jobs.jobs:
            return problem(404, "ResourceNotFound", f"no {name}")
        found = jobs.executions.get(name, {}).items()
        hides = jobs.untold == "states"
        runs = [
            {"name": n, "properties": {"status": "Unknown" if hides else run.status}}
            for n, run in found
            if jobs.untold != "runs"
        ]
        return jsonify({"value": runs})

    @routes.post(f"{place}/<name>/executions/<execution>/stop")
    def stop(name: str, execution: str) -> Response:
        run = jobs.executions[name][execution]
        run.stopped = True
        run.container.stop(2)
        return Response(status=202)

    return routes
