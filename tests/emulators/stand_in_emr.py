"""A stand-in for EMR Serverless: runs what spark-submit was given, here, with the local pyspark.

The entry point and the files of --py-files come from the bucket. The archive of the environment
is asked for, so that a missing one fails the job, but the environment of the tests runs it.
"""

import gzip
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
from botocore.exceptions import ClientError
from emulators.recorder.recorded import recorded_as
from emulators.stand_in_error import ApiError

DRIVER, EXECUTOR = "spark.emr-serverless.driverEnv.", "spark.executorEnv."


@dataclass
class Run:
    facts: dict[str, Any]
    order: dict[str, Any]
    process: subprocess.Popen[bytes] | None = None
    threads: list[threading.Thread] = field(default_factory=list)


class StandInEmr:
    def __init__(self, folder: Path, own: Callable[[], Mapping[str, str]]) -> None:
        self._folder = folder / "emr"
        self._own = own
        self._by_token: dict[str, str] = {}
        self.runs: dict[str, Run] = {}

    def handle_path(self, method: str, path: list[str], given: dict[str, Any]) -> dict[str, Any]:
        application = path[1]
        if method == "POST":
            return self._start(application, given)
        run = self.runs.get(path[3])
        if run is None:
            message = f"Job run {path[3]} does not exist"
            raise ApiError("ResourceNotFoundException", message, 404)
        if method == "DELETE":
            self._cancel(run)
            return {"applicationId": application, "jobRunId": path[3]}
        return {"jobRun": run.facts}

    def stop(self) -> None:
        for run in self.runs.values():
            self._cancel(run)
            for thread in run.threads:
                thread.join(30)

    def _start(self, application: str, given: dict[str, Any]) -> dict[str, Any]:
        token = given["clientToken"]
        if token not in self._by_token:
            identity = uuid4().hex[:16]
            facts = {
                "applicationId": application,
                "jobRunId": identity,
                "arn": f"arn:aws:emr-serverless:stand-in:/jobruns/{identity}",
                "createdBy": "stand-in",
                "createdAt": 0,
                "updatedAt": 0,
                "executionRole": given["executionRoleArn"],
                "releaseLabel": "emr-spark-8.0.0",
                "jobDriver": given["jobDriver"],
                "state": "SUBMITTED",
                "stateDetails": "",
            }
            run = self.runs[identity] = Run(facts, given)
            self._by_token[token] = identity
            thread = threading.Thread(target=self._run, args=(run,), daemon=True)
            run.threads.append(thread)
            thread.start()
        identity = self._by_token[token]
        return {
            "applicationId": application,
            "jobRunId": identity,
            "arn": self.runs[identity].facts["arn"],
        }

    def _run(self, run: Run) -> None:
        folder = self._folder / run.facts["jobRunId"]
        folder.mkdir(parents=True)
        submit = run.order["jobDriver"]["sparkSubmit"]
        words = shlex.split(submit["sparkSubmitParameters"])
        settings = dict(
            value.split("=", 1)
            for name, value in zip(words[::2], words[1::2], strict=True)
            if name == "--conf"
        )
        files = dict(zip(words[::2], words[1::2], strict=True))
        try:
            entry = _fetch(submit["entryPoint"], folder)
            modules = [_fetch(place, folder) for place in files["--py-files"].split(",")]
            for archive in settings["spark.archives"].split(","):
                _fetch(archive.partition("#")[0], folder)
        except ClientError as error:
            run.facts.update(state="FAILED", stateDetails=f"Could not fetch a file: {error}")
            return
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SCIENCEOPS_"))}
        given = {k[len(DRIVER) :]: v for k, v in settings.items() if k.startswith(DRIVER)}
        conf = [
            w for k, v in settings.items() if k.startswith(EXECUTOR) for w in ("--conf", f"{k}={v}")
        ]
        environment = {
            **kept,
            **given,
            **self._own(),
            "PYTHONPATH": os.pathsep.join(map(str, modules)),
            "PYSPARK_SUBMIT_ARGS": shlex.join([*conf, "--master", "local[2]", "pyspark-shell"]),
            "PYSPARK_PYTHON": sys.executable,
            "PYSPARK_DRIVER_PYTHON": sys.executable,
        }
        environment = recorded_as(run.order["executionRoleArn"], environment)
        with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
            run.process = subprocess.Popen(
                [sys.executable, str(entry), *submit.get("entryPointArguments", ())],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
            if run.facts["state"] == "CANCELLED":
                self._cancel(run)
            else:
                run.facts["state"] = "RUNNING"
            code = run.process.wait()
        self._keep_logs(run, folder)
        if run.facts["state"] == "CANCELLED":
            return
        details = (
            "Job failed, please check complete logs in configured logging destination. "
            f"ExitCode: {code}. Last few exceptions: none"
        )
        run.facts.update(
            state="FAILED" if code else "SUCCESS", stateDetails=details if code else ""
        )

    def _keep_logs(self, run: Run, folder: Path) -> None:
        monitoring = run.order["configurationOverrides"]["monitoringConfiguration"]
        place = monitoring["s3MonitoringConfiguration"]["logUri"].removeprefix("s3://")
        bucket, _, prefix = place.rstrip("/").partition("/")
        facts = run.facts
        prefix += f"/applications/{facts['applicationId']}/jobs/{facts['jobRunId']}/SPARK_DRIVER"
        for name in ("stdout", "stderr"):
            content = gzip.compress((folder / name).read_bytes())
            boto3.client("s3").put_object(Bucket=bucket, Key=f"{prefix}/{name}.gz", Body=content)

    def _cancel(self, run: Run) -> None:
        if run.facts["state"] in ("SUCCESS", "FAILED"):
            return
        run.facts["state"] = "CANCELLED"
        if run.process is not None and run.process.poll() is None:
            os.killpg(run.process.pid, signal.SIGKILL)


def _fetch(place: str, folder: Path) -> Path:
    bucket, _, key = place.removeprefix("s3://").partition("/")
    path = folder / key.rpartition("/")[2]
    boto3.client("s3").download_file(bucket, key, str(path))
    return path
