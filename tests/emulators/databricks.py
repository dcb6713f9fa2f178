"""Stand-in for Databricks: a run's task is a local process that calls the wheel's entry point.

Bodies are checked by the SDK's own dataclasses: what they do not know is lost on the way through
them. Clusters and policies are not covered; the task gets the cluster's variables.
"""

import inspect
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from databricks.sdk.service.jobs import JobsAPI, SubmitTask
from emulators.containers import Container, Image
from flask import Blueprint, Flask, Response, jsonify, request

#: What stands for the wheel: the entry point's name, and what pyproject.toml says it calls.
ENTRY_POINTS = {("scienceops", "scienceops-job"): "scienceops.adapters.azure.run_job:main"}


@dataclass
class Run:
    """One run."""

    container: Container
    cancelled: bool = False

    @property
    def state(self) -> dict[str, str]:
        """As the API tells it."""
        if self.container.is_running:
            return {"life_cycle_state": "RUNNING"}
        if self.cancelled:
            return {"life_cycle_state": "TERMINATED", "result_state": "CANCELED"}
        well = self.container.exit_code == 0
        told = "SUCCESS" if well else "FAILED"
        return {"life_cycle_state": "TERMINATED", "result_state": told}


@dataclass
class Databricks:
    """The runs of a workspace, and those that a token began."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    runs: dict[int, Run] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    #: Of the workspace and of volumes: folders, and the content of files.
    folders: set[str] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def submit(self, body: dict[str, Any]) -> int:
        """Begin a run, or find the one that its token began; its id."""
        with self.lock:
            token = body["idempotency_token"]
            if token in self.tokens:
                return self.tokens[token]
            self.bodies.append(body)
            run_id = 1000 + len(self.runs)
            [task] = body["tasks"]
            wheel = task["python_wheel_task"]
            entry = ENTRY_POINTS[wheel["package_name"], wheel["entry_point"]]
            module, _, name = entry.partition(":")
            code = (
                f"import sys, {module} as m; from emulators.vault_file import use_vault_file; "
                f"use_vault_file(); sys.argv[0] = 'job'; m.{name}()"
            )
            container = Container(
                self.folder / "runs" / str(run_id),
                Image([]),
                command=["python", "-c", code, *wheel["parameters"]],
                environment={**task["new_cluster"]["spark_env_vars"], **self.environment},
                restart=False,
            )
            self.runs[run_id] = Run(container)
            self.tokens[token] = run_id
            return run_id

    def end(self) -> None:
        """End whatever runs."""
        for run in self.runs.values():
            run.container.stop(0)
            run.container.wait(10)


def databricks_app(databricks: Databricks) -> Flask:
    """The calls of the Jobs API, and those that put files into the workspace and into volumes."""
    app = Flask("databricks")
    routes = Blueprint("runs", __name__, url_prefix="/api/2.2/jobs/runs")

    @routes.post("/submit")
    def submit() -> Response:
        body = request.get_json()
        known = set(inspect.signature(JobsAPI.submit).parameters)
        tasks = [SubmitTask.from_dict(task).as_dict() for task in body["tasks"]]
        if set(body) - known or tasks != body["tasks"]:
            return _problem(400, "INVALID_PARAMETER_VALUE", "the SDK does not know all of it")
        return jsonify({"run_id": databricks.submit(body)})

    @routes.get("/get")
    def get() -> Response:
        run_id = int(request.args["run_id"])
        if run_id not in databricks.runs:
            return _problem(400, "INVALID_PARAMETER_VALUE", f"Run {run_id} does not exist.")
        return jsonify({"run_id": run_id, "state": databricks.runs[run_id].state})

    @routes.post("/cancel")
    def cancel() -> Response:
        run = databricks.runs[request.get_json()["run_id"]]
        run.cancelled = True
        run.container.stop(2)
        return jsonify({})

    app.register_blueprint(routes)
    _add_files(app, databricks)
    return app


def _add_files(app: Flask, databricks: Databricks) -> None:
    """As Databricks does, a file goes into no folder that was not made, and over no other file
    unless told to."""

    def keep(path: str, content: bytes, overwrite: str) -> Response:
        if path.rpartition("/")[0] not in databricks.folders:
            return _problem(404, "RESOURCE_DOES_NOT_EXIST", f"The parent of {path} does not exist.")
        if path in databricks.files and overwrite != "true":
            return _problem(400, "RESOURCE_ALREADY_EXISTS", f"Path ({path}) already exists.")
        databricks.files[path] = content
        return jsonify({})

    @app.post("/api/2.0/workspace/mkdirs")
    def mkdirs() -> Response:
        databricks.folders.add(request.get_json()["path"])
        return jsonify({})

    @app.post("/api/2.0/workspace/import")
    def import_() -> Response:
        form = request.form
        # Any other format would be read as a notebook.
        assert form["format"] == "RAW"
        return keep(form["path"], request.files["content"].read(), form.get("overwrite", ""))

    @app.put("/api/2.0/fs/directories/<path:path>")
    def make_directory(path: str) -> Response:
        databricks.folders.add(f"/{path}")
        return jsonify({})

    @app.put("/api/2.0/fs/files/<path:path>")
    def put_file(path: str) -> Response:
        return keep(f"/{path}", request.get_data(), request.args.get("overwrite", ""))


def _problem(status: int, code: str, message: str) -> Response:
    reply = jsonify({"error_code": code, "message": message})
    reply.status_code = status
    return reply
