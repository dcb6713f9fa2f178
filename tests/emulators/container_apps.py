"""Stand-in for Container Apps in Resource Manager: runs what it is sent as local processes.

Bodies are checked against the SDK's own models. One replica each; scaling, ingress rules and
revisions other than the newest are not covered.
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from azure.mgmt.appcontainers import models
from emulators.containers import Container, Pull
from emulators.resource_manager import check, problem
from flask import Blueprint, Response, jsonify, request

API_VERSION = "2025-01-01"
TOKEN = "stand-in-log-token"


@dataclass
class App:
    """One container app."""

    body: dict[str, Any]
    revision: str
    container: Container
    going: bool = False
    ready_once: bool = False


@dataclass
class ContainerApps:
    """The apps of a resource group. `zero` names those that are scaled to nothing, `waking` those
    whose first container is on its way again."""

    folder: Path
    pull: Pull
    apps: dict[str, App] = field(default_factory=dict)
    zero: set[str] = field(default_factory=set)
    waking: set[str] = field(default_factory=set)
    #: How long at most a container may drain that is told to end.
    grace_seconds: float = 2
    lock: threading.RLock = field(default_factory=threading.RLock)

    def put(self, name: str, body: dict[str, Any]) -> Response:
        """Create an app or give it another revision."""
        faults = check(models.ContainerApp, body)
        if faults:
            return faults
        template = body["properties"]["template"]
        [spec] = template["containers"]
        revision = f"{name}--{template['revisionSuffix']}"
        with self.lock:
            self._forget_gone()
            app = self.apps.get(name)
            if app and app.going:
                return problem(409, "ContainerAppOperationInProgress", "it is being deleted")
            if app and app.revision == revision:
                return jsonify(self.describe(name))
            if app:
                app.container.stop(0)
            place = self.folder / "apps" / f"{revision}-{len(list(self.folder.glob('apps/*')))}"
            container = Container(
                place,
                self.pull(spec["image"]),
                command=[*spec.get("command", ()), *spec.get("args", ())],
                environment={
                    **{item["name"]: item["value"] for item in spec["env"]},
                    "CONTAINER_APP_NAME": name,
                },
                restart=True,
            )
            self.apps[name] = App(body, revision, container)
            return jsonify(self.describe(name))

    def delete(self, name: str) -> Response:
        """Let the container drain; the app is listed until it has ended."""
        app = self.find(name)
        if app is None:
            return Response(status=204)
        app.going = True
        template = app.body["properties"]["template"]
        app.container.stop(min(template["terminationGracePeriodSeconds"], self.grace_seconds))
        return Response(status=202)

    def find(self, name: str) -> App | None:
        """The app, unless it is gone."""
        with self.lock:
            self._forget_gone()
            return self.apps.get(name)

    def describe(self, name: str) -> dict[str, Any]:
        """The app as Resource Manager shows it."""
        app = self.apps[name]
        properties = dict(app.body["properties"])
        configuration = dict(properties["configuration"])
        configuration["ingress"] = {
            **configuration["ingress"],
            "fqdn": f"127.0.0.1:{app.container.port}",
        }
        properties |= {
            "configuration": configuration,
            "provisioningState": "Deleting" if app.going else "Succeeded",
            "latestRevisionName": app.revision,
            "latestReadyRevisionName": app.revision if app.ready_once else "",
        }
        return {**app.body, "id": f"/apps/{name}", "name": name, "properties": properties}

    def describe_revision(self, name: str) -> dict[str, Any]:
        """The newest revision."""
        app = self.apps[name]
        ready = self.is_ready(app)
        health = "Healthy" if ready else "Unhealthy"
        return {
            "name": app.revision,
            "properties": {
                "active": True,
                "replicas": 0 if name in self.zero else 1,
                "provisioningState": "Provisioned",
                "healthState": "None" if name in self.waking else health,
                "runningState": "Running" if ready else "Processing",
            },
        }

    def describe_replicas(self, name: str, root: str) -> dict[str, Any]:
        """The replicas of the newest revision."""
        app = self.apps[name]
        if name in self.zero:
            return {"value": []}
        code = app.container.exit_code
        container = {
            "name": app.body["properties"]["template"]["containers"][0]["name"],
            "ready": self.is_ready(app) and name not in self.waking,
            "started": app.container.is_running and name not in self.waking,
            "restartCount": app.container.restarts,
            "runningState": self._state_of(name, app),
            "runningStateDetails": "" if code is None else f"exit code {code}",
            "logStreamEndpoint": f"{root}logs/{name}",
        }
        return {"value": [{"name": "replica-1", "properties": {"containers": [container]}}]}

    def is_ready(self, app: App) -> bool:
        """Whether the readiness probe that it was given succeeds."""
        [spec] = app.body["properties"]["template"]["containers"]
        [probe] = [p["httpGet"] for p in spec["probes"] if p["type"] == "Readiness"]
        ready = app.container.is_running and app.container.answers(probe["path"])
        app.ready_once = app.ready_once or ready
        return ready

    def _state_of(self, name: str, app: App) -> str:
        if name in self.waking:
            return "Waiting"
        return "Running" if app.container.is_running else "Terminated"

    def end(self) -> None:
        """End whatever runs."""
        for app in self.apps.values():
            app.container.stop(0)
            app.container.wait(10)

    def _forget_gone(self) -> None:
        gone = [n for n, app in self.apps.items() if app.going and not app.container.is_running]
        for name in gone:
            del self.apps[name]


def blueprint(apps: ContainerApps) -> Blueprint:
    """The calls of Resource Manager on them."""
    routes = Blueprint("apps", __name__)
    place = "/providers/Microsoft.App/containerApps"

    @routes.before_request
    def check_version() -> Response | None:
        if request.endpoint == "apps.log" or request.args.get("api-version") == API_VERSION:
            return None
        return problem(400, "InvalidApiVersionParameter", f"wanted {API_VERSION}")

    @routes.get(place)
    def listed() -> Response:
        with apps.lock:
            names = [name for name in list(apps.apps) if apps.find(name)]
            return jsonify({"value": [apps.describe(name) for name in names]})

    @routes.put(f"{place}/<name>")
    def put(name: str) -> Response:
        return apps.put(name, request.get_json())

    @routes.delete(f"{place}/<name>")
    def delete(name: str) -> Response:
        return apps.delete(name)

    @routes.get(f"{place}/<name>")
    def get(name: str) -> Response:
        return jsonify(apps.describe(name)) if apps.find(name) else _missing(name)

    @routes.post(f"{place}/<name>/getAuthtoken")
    def token(name: str) -> Response:
        return jsonify({"location": "here", "properties": {"token": TOKEN}})

    @routes.get(f"{place}/<name>/revisions/<revision>")
    def revision(name: str, revision: str) -> Response:
        app = apps.find(name)
        if app is None or app.revision != revision:
            return _missing(revision)
        return jsonify(apps.describe_revision(name))

    @routes.get(f"{place}/<name>/revisions/<revision>/replicas")
    def replicas(name: str, revision: str) -> Response:
        app = apps.find(name)
        if app is None or app.revision != revision:
            return _missing(revision)
        return jsonify(
            apps.describe_replicas(
                name, request.root_url + request.path[1:].split("/providers")[0] + "/"
            )
        )

    @routes.get("/logs/<name>")
    def log(name: str) -> Response:
        app = apps.find(name)
        if app is None or request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Response(status=401)
        lines = app.container.log.splitlines()[-int(request.args["tailLines"]) :]
        return Response("\n".join(lines), mimetype="text/plain")

    return routes


def _missing(name: str) -> Response:
    return problem(404, "ResourceNotFound", f"no {name}")
