"""Stand-in for ACR Tasks: takes a build's context and steps, and leaves images in a registry.

A build step is carried out as far as a machine without an engine can: the Dockerfile of the
context says what the target is, uv decides whether its requirements can be met by this machine's
own environment, and the image's one layer is the code of ScienceOps that was sent.
"""

import base64
import io
import json
import shlex
import subprocess
import sys
import tarfile
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from azure.mgmt.containerregistrytasks import models
from emulators.resource_manager import check, problem
from flask import Blueprint, Response, jsonify, request
from stand_in_registry import Registry

from scienceops.core.images import CONFIG_TYPE, MANIFEST_TYPE, TAR_TYPE, Blob, sha256

API_VERSION = "2025-03-01-preview"


@dataclass
class Run:
    """One run: how it stands, and what it has written."""

    status: str = "Queued"
    log: str = ""

    def say(self, line: str) -> None:
        """Write a line."""
        self.log += f"{line}\n"


@dataclass
class RegistryTasks:
    """Runs of one registry; `busy` makes it refuse new ones."""

    registry: Registry
    contexts: dict[str, bytes] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    busy: bool = False

    def schedule(self, body: dict[str, Any]) -> str:
        """Begin a run; its id."""
        run_id = f"ca{len(self.runs) + 1}"
        run = self.runs[run_id] = Run()
        context = self.contexts[body["sourceLocation"]]
        steps = json.loads(base64.b64decode(body["encodedTaskContent"]))["steps"]
        threading.Thread(target=self._run, args=(run, context, steps), daemon=True).start()
        return run_id

    def _run(self, run: Run, context: bytes, steps: list[dict[str, Any]]) -> None:
        run.status = "Running"
        built: dict[str, tuple[str, Path]] = {}
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            with tarfile.open(fileobj=io.BytesIO(context)) as archive:
                archive.extractall(folder, filter="data")
            # Once: the next target of the same context finds the step in the build's cache.
            if not self._install(run, folder):
                run.status = "Failed"
                return
            for step in steps:
                if "build" in step:
                    words = shlex.split(step["build"])
                    options = dict(zip(words[::2], words[1::2], strict=False))
                    built[options["-t"]] = (options["--target"], folder)
                else:
                    for image in step["push"]:
                        self._push(run, image, *built[image])
        run.status = "Succeeded"

    def _install(self, run: Run, folder: Path) -> bool:
        run.say("Step 4/20 : RUN /opt/venv/bin/pip install --requirement requirements.txt")
        resolve = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--dry-run"]
        resolve += ["--python", sys.executable, "--no-index", "--offline", "--requirement"]
        done = subprocess.run(
            [*resolve, str(folder / "requirements.txt")],
            capture_output=True,
            text=True,
            check=False,
        )
        run.log += done.stdout + done.stderr
        if done.returncode:
            run.say(f"The command '/bin/sh -c …' returned a non-zero code: {done.returncode}")
        return done.returncode == 0

    def _push(self, run: Run, image: str, target: str, folder: Path) -> None:
        entry, variables = read_stage((folder / "Dockerfile").read_text(), target)
        layer = io.BytesIO()
        with tarfile.open(fileobj=layer, mode="w") as archive:
            for part in ("serve", "train")[: 2 if target == "train" else 1]:
                archive.add(folder / part, "opt/scienceops")
        put_image(self.registry, image.rpartition(":")[2], layer.getvalue(), entry, variables)
        run.say(f"pushed {image}")


def read_stage(dockerfile: str, target: str) -> tuple[list[str], list[str]]:
    """(entry point, variables) of a stage and those that it stands on."""
    entry: list[str] = []
    variables: list[str] = []
    stages: dict[str, tuple[list[str], list[str]]] = {}
    name = ""
    for line in dockerfile.replace("\\\n", " ").splitlines():
        word, _, rest = line.partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            entry, variables = ([*part] for part in stages.get(base, ([], [])))
        elif word == "ENV":
            variables += shlex.split(rest)
        elif word == "ENTRYPOINT":
            entry = json.loads(rest)
        stages[name] = (entry, variables)
    return stages[target]


def put_image(
    registry: Registry, tag: str, layer: bytes, entry: list[str], variables: list[str]
) -> None:
    """Store an image of one layer."""
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": entry, "Env": variables},
            "rootfs": {"type": "layers", "diff_ids": [sha256(layer)]},
        }
    ).encode()
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": Blob.of(CONFIG_TYPE, config).to_document(),
        "layers": [Blob.of(TAR_TYPE, layer).to_document()],
    }
    manifest = json.dumps(document).encode()
    for blob in (layer, config):
        registry.blobs[sha256(blob)] = blob
    registry.manifests[tag] = registry.manifests[sha256(manifest)] = manifest


def blueprint(tasks: RegistryTasks) -> Blueprint:
    """The calls of Resource Manager on them, and the two addresses that it hands out."""
    routes = Blueprint("tasks", __name__)
    place = "/providers/Microsoft.ContainerRegistry/registries/<registry>"

    def root() -> str:
        return request.base_url.split("/providers/")[0]

    @routes.before_request
    def check_version() -> Response | None:
        managed = "/providers/" in request.path
        if not managed or request.args.get("api-version") == API_VERSION:
            return None
        return problem(400, "InvalidApiVersionParameter", f"wanted {API_VERSION}")

    @routes.post(f"{place}/listBuildSourceUploadUrl")
    def upload_url(registry: str) -> Response:
        name = f"source-{len(tasks.contexts) + 1}.tar.gz"
        return jsonify({"uploadUrl": f"{root()}/uploads/{name}", "relativePath": name})

    @routes.put("/uploads/<name>")
    def upload(name: str) -> Response:
        if request.headers.get("x-ms-blob-type") != "BlockBlob":
            return Response(status=400)
        tasks.contexts[name] = request.get_data()
        return Response(status=201)

    @routes.post(f"{place}/scheduleRun")
    def schedule(registry: str) -> Response:
        if tasks.busy:
            return problem(429, "TooManyRequests", "too many runs")
        body = request.get_json()
        faults = check(models.EncodedTaskRunRequest, body)
        return faults or jsonify({"properties": {"runId": tasks.schedule(body)}})

    @routes.get(f"{place}/runs/<run_id>")
    def run(registry: str, run_id: str) -> Response:
        if run_id not in tasks.runs:
            return problem(404, "RunNotFound", f"no {run_id}")
        found = tasks.runs[run_id]
        return jsonify({"properties": {"runId": run_id, "status": found.status}})

    @routes.post(f"{place}/runs/<run_id>/listLogSasUrl")
    def log_url(registry: str, run_id: str) -> Response:
        if run_id not in tasks.runs:
            return problem(404, "RunNotFound", f"no {run_id}")
        return jsonify({"logLink": f"{root()}/run-logs/{run_id}"})

    @routes.get("/run-logs/<run_id>")
    def log(run_id: str) -> Response:
        return Response(tasks.runs[run_id].log, mimetype="text/plain")

    return routes
