"""The shipped template through osls: packaged to a folder, then deployed to an emulator."""

import fcntl
import json
import os
import subprocess
from pathlib import Path
from typing import Any

from emulators.child import ROOT

from infra.stage import stage

OSLS = ROOT / ".emulators/node_modules/.bin/osls"
#: One deployment makes a hundred resources on a busy machine.
LONGEST_SECONDS = 300
UPDATE_TEMPLATE = "cloudformation-template-update-stack.json"


def run_osls(*arguments: str | Path, url: str = "http://127.0.0.1:9") -> None:
    """One command of osls in infra/, against the account at `url`; fails with what it said."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "SLS_NOTIFICATIONS_MODE": "off",
        "NODE_NO_WARNINGS": "1",
    }
    done = subprocess.run(
        [OSLS, *arguments],
        cwd=ROOT / "infra",
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"osls {arguments[0]} failed:\n{done.stdout}{done.stderr}"


def package(stage_name: str, artifact: Path, folder: Path, **parameters: str) -> dict[str, Any]:
    """Package the template for a stage into `folder`; the template that CloudFormation is given."""
    given = [f"--param={name}={value}" for name, value in parameters.items()]
    options = ["--stage", stage_name, "--package", folder, f"--param=artifact={artifact}", *given]
    run_osls("package", *options)
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
