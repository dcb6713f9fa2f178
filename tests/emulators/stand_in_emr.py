"""A stand-in for EMR Serverless: runs what spark-submit was given, here.

The entry point, the files of --py-files and the archive of the environment come from the bucket.
With `submits` the real spark-submit gets all the arguments, and the Python of the archive runs the
job. Else the entry point runs in the environment of the tests, which is enough without Spark. It
reaches no more of AWS than a job that has no network of ours.
"""

import gzip
import os
import re
import shlex
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pyspark
from botocore.exceptions import ClientError
from emulators import processes
from emulators.recorder.recorded import note_call, recorded_as
from emulators.stand_in_error import ApiError

from stats_job.java import find_java

#: What is out of its reach, as far as ScienceOps calls it elsewhere.
UNREACHED = ("LAMBDA", "ECS", "SQS", "CODEBUILD", "ECR", "EMR_SERVERLESS")
NOWHERE = "http://127.0.0.1:9"
DRIVER = "spark.emr-serverless.driverEnv."
_PLACE = re.compile(r"s3://[^,#]+")


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
        self._lock = threading.RLock()
        #: Set while there is room for jobs; those that find none wait.
        self.room = threading.Event()
        self.room.set()
        #: Whether jobs that begin from now on go through spark-submit.
        self.submits = False

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
        self.room.set()
        for run in list(self.runs.values()):
            self._cancel(run)
            for thread in run.threads:
                thread.join()

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
        self.room.wait()
        if run.facts["state"] == "CANCELLED":
            return
        folder = self._folder / run.facts["jobRunId"]
        folder.mkdir(parents=True)
        submit = run.order["jobDriver"]["sparkSubmit"]
        try:
            entry = self._fetch(submit["entryPoint"], folder, run)
            words = [
                _PLACE.sub(lambda place: str(self._fetch(place[0], folder, run)), word)
                for word in shlex.split(submit["sparkSubmitParameters"])
            ]
        except ClientError as error:
            run.facts.update(state="FAILED", stateDetails=f"Could not fetch a file: {error}")
            return
        begin = _submit if self.submits else _run_alone
        command, environment = begin(words, folder)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SCIENCEOPS_"))}
        environment = {**kept, **_settings(words, DRIVER), **self._account(), **environment}
        environment |= {f"AWS_ENDPOINT_URL_{name}": NOWHERE for name in UNREACHED}
        with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
            process = subprocess.Popen(
                [*command, str(entry), *submit.get("entryPointArguments", ())],
                cwd=folder,
                env=recorded_as(run.order["executionRoleArn"], environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
            with self._lock:
                run.process = process
                if run.facts["state"] == "CANCELLED":
                    self._cancel(run)
                else:
                    run.facts["state"] = "RUNNING"
            code = process.wait()
        self._keep_logs(run, folder)
        details = (
            "Job failed, please check complete logs in configured logging destination. "
            f"ExitCode: {code}. Last few exceptions: none"
        )
        with self._lock:
            if run.facts["state"] != "CANCELLED":
                run.facts.update(
                    state="FAILED" if code else "SUCCESS", stateDetails=details if code else ""
                )

    def _account(self) -> dict[str, str]:
        # EMR's own Python finds the region by AWS_REGION; boto3 in another one reads the other.
        return {name: told for name, told in self._own().items() if name != "AWS_DEFAULT_REGION"}

    def _keep_logs(self, run: Run, folder: Path) -> None:
        monitoring = run.order["configurationOverrides"]["monitoringConfiguration"]
        place = monitoring["s3MonitoringConfiguration"]["logUri"].removeprefix("s3://")
        bucket, _, prefix = place.rstrip("/").partition("/")
        facts = run.facts
        prefix += f"/applications/{facts['applicationId']}/jobs/{facts['jobRunId']}/SPARK_DRIVER"
        for name in ("stdout", "stderr"):
            content = gzip.compress((folder / name).read_bytes())
            self._note(run, "PutObject", bucket, f"{prefix}/{name}.gz")
            boto3.client("s3").put_object(Bucket=bucket, Key=f"{prefix}/{name}.gz", Body=content)

    def _fetch(self, place: str, folder: Path, run: Run) -> Path:
        bucket, _, key = place.removeprefix("s3://").partition("/")
        path = folder / key.rpartition("/")[2]
        self._note(run, "GetObject", bucket, key)
        boto3.client("s3").download_file(bucket, key, str(path))
        return path

    def _note(self, run: Run, operation: str, bucket: str, key: str) -> None:
        # EMR itself fetches files and keeps logs, by the role of the job.
        if path := self._own().get("RECORDED_CALLS"):
            role = run.order["executionRoleArn"].rpartition("/")[2]
            note_call(path, role, "s3", operation, {"Bucket": bucket, "Key": key})

    def _cancel(self, run: Run) -> None:
        with self._lock:
            if run.facts["state"] in ("SUCCESS", "FAILED"):
                return
            run.facts["state"] = "CANCELLED"
            if run.process is not None:
                processes.end(run.process)


def _settings(words: Sequence[str], start: str = "") -> dict[str, str]:
    """What stands after --conf and begins so, without that beginning."""
    options = zip(words[::2], words[1::2], strict=True)
    given = dict(value.split("=", 1) for name, value in options if name == "--conf")
    return {k.removeprefix(start): v for k, v in given.items() if k.startswith(start)}


def _run_alone(words: Sequence[str], folder: Path) -> tuple[list[str], dict[str, str]]:
    """The command before the entry point, and environment, of a driver that asks for no Spark."""
    [files] = [after for word, after in pairwise(words) if word == "--py-files"]
    return [sys.executable], {"PYTHONPATH": os.pathsep.join(files.split(","))}


def _submit(words: Sequence[str], folder: Path) -> tuple[list[str], dict[str, str]]:
    """The same with pyspark's own spark-submit, and a machine in place of the cluster."""
    archive, _, name = _settings(words)["spark.archives"].partition("#")
    # Drivers and executors of EMR begin in a folder where the archives are unpacked.
    with tarfile.open(archive) as packed:
        packed.extractall(folder / name, filter="tar")
    home = Path(pyspark.__file__).parent
    machine = {
        "spark.master": "local[2]",
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(folder / "scratch"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }
    here = [word for setting in machine.items() for word in ("--conf", "=".join(setting))]
    environment = {
        "SPARK_HOME": str(home),
        "JAVA_HOME": find_java(),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYTHONPATH": "",
    }
    return [str(home / "bin/spark-submit"), *here, *words], environment
