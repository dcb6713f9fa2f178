"""The shipped template through osls: packaged to a folder, then deployed to an emulator."""

import fcntl
import http.client
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import boto3
from contract.waiting import PATIENCE
from emulators.child import ROOT
from emulators.functions import with_runtime
from emulators.ministack import CALLS

from infra.stage import stage

OSLS = ROOT / ".emulators/node_modules/.bin/osls"
#: One deployment makes a hundred resources on a busy machine.
LONGEST_SECONDS = 900
UPDATE_TEMPLATE = "cloudformation-template-update-stack.json"
STAGE = "emulator"
PREFIX = f"scienceops-{STAGE}-"
#: Of infra/, when osls gets a copy: what it has no use for, or what comes and goes meanwhile.
LEFT_OUT = shutil.ignore_patterns(".*", "*.py", "__pycache__")
T = TypeVar("T")


def sdk_environment(url: str) -> dict[str, str]:
    """What leads an SDK to the account at `url`."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def run_osls(
    *arguments: str | Path, url: str = "http://127.0.0.1:9", source_date: str = ""
) -> None:
    """One command of osls in a copy of infra/, against the account at `url`; fails with what it
    said. A copy, because osls writes beside the template, and tests run side by side.

    source_date: when it packages, in seconds since 1970; osls's clock tells it otherwise.
    """
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        **sdk_environment(url),
        "SLS_NOTIFICATIONS_MODE": "off",
        "NODE_NO_WARNINGS": "1",
        **({"SOURCE_DATE_EPOCH": source_date} if source_date else {}),
    }
    with tempfile.TemporaryDirectory() as place:
        copy = shutil.copytree(ROOT / "infra", Path(place) / "infra", ignore=LEFT_OUT)
        done = subprocess.run(
            [OSLS, *arguments],
            cwd=copy,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
    assert done.returncode == 0, f"osls {arguments[0]} failed:\n{done.stdout}{done.stderr}"


def package(
    stage_name: str, artifact: Path, folder: Path, source_date: str = "", **parameters: str
) -> dict[str, Any]:
    """Package the template for a stage into `folder`; the template that CloudFormation is given."""
    given = [f"--param={name}={value}" for name, value in parameters.items()]
    options = ["--stage", stage_name, "--package", folder, f"--param=artifact={artifact}", *given]
    run_osls("package", *options, source_date=source_date)
    template: dict[str, Any] = json.loads((folder / UPDATE_TEMPLATE).read_text())
    return template


def shared_bundle(folder: Path) -> Path:
    """build/aws.zip, made once in this folder however many processes ask for it at once."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        archive = folder / "aws.zip"
        if not archive.exists():
            stage("aws", folder)
    return archive


@dataclass
class Reply:
    """What the API answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Deployment:
    """The stage `emulator`, deployed; everything goes through AWS's own APIs."""

    url: str
    folder: Path
    template: dict[str, Any]
    outputs: dict[str, str] = field(default_factory=dict)
    #: What stands in for the services that the emulator lacks; a StandInAws.
    stand_ins: Any = None

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        key: str = "",
    ) -> Reply:
        """One HTTP request to the deployed API; `key` is a bearer's."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=90)
        told = {
            "Host": f"{self.outputs['HttpApiId']}.execute-api.127.0.0.1:{urlsplit(self.url).port}",
            "Content-Type": "application/json",
            **({"Authorization": f"Bearer {key}"} if key else {}),
            **(headers or {}),
        }
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        try:
            connection.request(method, path, data, told)
            reply = connection.getresponse()
            content = reply.read()
        finally:
            connection.close()
        return Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, content)

    def log(self, door: str) -> str:
        """Everything that a door has written."""
        logs, group = self.client("logs"), f"/aws/lambda/{PREFIX}{door}"
        lines = []
        for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]:
            told = logs.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
            )
            lines += [event["message"] for event in told["events"]]
        return "\n".join(lines)

    def calls(self) -> list[dict[str, Any]]:
        """Every AWS call that the functions, and what they start, have made so far."""
        path = self.folder / CALLS
        told = path.read_text() if path.exists() else ""
        # What is being written while this reads is a later call.
        whole = told[: told.rfind("\n") + 1]
        return [json.loads(line) for line in whole.splitlines()]

    def wait(self, what: str, look: Callable[[], T], seconds: float = 120) -> T:
        """Look until there is something to see; fails with the end of the doors' logs."""
        end = time.monotonic() + PATIENCE * seconds
        while not (found := look()):
            if time.monotonic() > end:
                doors = ("on-model-upload", "on-work", "on-timer", "http")
                logs = "\n".join(f"--- {door}\n{self.log(door)[-3000:]}" for door in doors)
                raise AssertionError(f"{what} did not come about\n{logs}")
            time.sleep(0.3)
        return found


def deploy(url: str, bundle: Path, folder: Path) -> Deployment:
    """Deploy the shipped template to the emulated account at `url`; `folder` is the emulator's."""
    artifact = with_runtime(bundle, folder / "aws-emulator.zip")
    made = Deployment(url, folder, package(STAGE, artifact, folder / "package"))
    run_osls("deploy", "--stage", STAGE, f"--param=artifact={artifact}", url=url)
    [stack] = made.client("cloudformation").describe_stacks(StackName=f"scienceops-{STAGE}")[
        "Stacks"
    ]
    made.outputs = {told["OutputKey"]: told["OutputValue"] for told in stack["Outputs"]}
    return made
