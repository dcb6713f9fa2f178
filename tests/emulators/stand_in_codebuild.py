"""A stand-in for CodeBuild: runs the commands of the buildspec that it was sent, in order, here.

`docker` is a program that installs nothing but resolves the requirements for real, and `aws` asks
the stand-in for ECR for a password; both come first in PATH.
"""

import io
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import yaml
from emulators import processes
from emulators.recorder.recorded import note_call, recorded_as
from emulators.stand_in_error import ApiError
from emulators.stand_in_logs import StandInLogs

PHASES = ("pre_build", "build", "post_build")
PROGRAMS = {
    "docker": f'exec "{sys.executable}" -m emulators.stand_in_docker "$@"',
    "aws": f'exec "{sys.executable}" -m emulators.stand_in_aws_cli "$@"',
}


class StandInCodeBuild:
    def __init__(
        self,
        folder: Path,
        logs: StandInLogs,
        own: Callable[[], Mapping[str, str]],
    ) -> None:
        self._folder = folder / "codebuild"
        self._logs = logs
        self._own = own
        self._builds: dict[str, dict[str, Any]] = {}
        self._by_token: dict[str, str] = {}
        self._running: set[subprocess.Popen[str]] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._ended = False
        #: Whether builds that begin from now on get no machine to run on.
        self.breaks = False
        #: What was asked for, each as it came.
        self.orders: list[dict[str, Any]] = []

    def handle(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        match operation:
            case "StartBuild":
                return {"build": self._start(given)}
            case "BatchGetBuilds":
                known = [self._builds[name] for name in given["ids"] if name in self._builds]
                missing = [name for name in given["ids"] if name not in self._builds]
                return {"builds": known, "buildsNotFound": missing}
        raise ApiError("UnknownOperationException", operation)

    def stop(self) -> None:
        """End what runs, begin no more of it, and wait until nobody is at it."""
        with self._lock:
            self._ended = True
            for process in self._running:
                processes.end(process)
        for thread in self._threads:
            thread.join()

    def forget(self) -> None:
        """Know no build any more, as CodeBuild does after a year."""
        self._builds.clear()
        self._by_token.clear()

    def _start(self, given: dict[str, Any]) -> dict[str, Any]:
        token = given.get("idempotencyToken") or uuid4().hex
        if token in self._by_token:
            return self._builds[self._by_token[token]]
        self.orders.append(given)
        project, identity = given["projectName"], uuid4().hex
        build = {
            "id": f"{project}:{identity}",
            "buildStatus": "IN_PROGRESS",
            "phases": [],
            "logs": {"groupName": f"/aws/codebuild/{project}", "streamName": identity},
        }
        self._builds[build["id"]] = build
        self._by_token[token] = build["id"]
        thread = threading.Thread(target=self._run, args=(build, given), daemon=True)
        self._threads.append(thread)
        thread.start()
        return build

    def _run(self, build: dict[str, Any], given: dict[str, Any]) -> None:
        if self.breaks:
            message = "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE: Unable to pull customer's image"
            self._end(build, "FAILED", "PROVISIONING", message)
            return
        folder = self._folder / build["logs"]["streamName"]
        source, programs = folder / "source", folder / "bin"
        for path in (source, programs):
            path.mkdir(parents=True)
        bucket, _, key = given["sourceLocationOverride"].partition("/")
        # Project and role have one name. CodeBuild itself fetches the source, by that role.
        own, project = self._own(), given["projectName"]
        source_of = {"Bucket": bucket, "Key": key}
        if "RECORDED_CALLS" in own:
            note_call(own["RECORDED_CALLS"], project, "s3", "GetObject", source_of)
        content = boto3.client("s3").get_object(**source_of)["Body"].read()
        zipfile.ZipFile(io.BytesIO(content)).extractall(source)
        for name, text in PROGRAMS.items():
            (programs / name).write_text(f"#!/bin/bash\n{text}\n")
            (programs / name).chmod(0o755)
        environment = {
            **os.environ,
            **own,
            **{one["name"]: one["value"] for one in given["environmentVariablesOverride"]},
            "HOME": str(folder),
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        environment = recorded_as(project, environment)
        phases = yaml.safe_load(given["buildspecOverride"])["phases"]
        for name in PHASES:
            for command in phases.get(name, {}).get("commands", ()):
                code = self._execute(build, command, source, environment)
                if code:
                    message = (
                        f"Error while executing command: {command}. Reason: exit status {code}"
                    )
                    self._end(build, "FAILED", name, message)
                    return
        self._end(build, "SUCCEEDED", "COMPLETED", "")

    def _execute(
        self, build: dict[str, Any], command: str, source: Path, environment: Mapping[str, str]
    ) -> int:
        self._say(build, f"[Container] Running command {command}")
        with self._lock:
            if self._ended:
                return 1
            process = processes.start(["bash", "-c", command], source, environment)
            self._running.add(process)
        code = processes.follow(process, partial(self._say, build))
        with self._lock:
            self._running.discard(process)
        return code

    def _say(self, build: dict[str, Any], line: str) -> None:
        self._logs.append(build["logs"]["groupName"], build["logs"]["streamName"], line)

    def _end(self, build: dict[str, Any], status: str, phase: str, message: str) -> None:
        contexts = [{"statusCode": "COMMAND_EXECUTION_ERROR", "message": message}]
        build["phases"] = [
            {
                "phaseType": phase.upper(),
                "phaseStatus": status,
                "contexts": contexts if message else [],
            }
        ]
        build["buildStatus"] = status
