"""Steps of the loops on a deployed stage: what people and callers do there, by AWS's own APIs."""

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from contract.waiting import PATIENCE
from emulators.deployment import PREFIX, Deployment
from models import iris_rows, iris_table

SCIENCEOPS = Path(sys.executable).with_name("scienceops")


def turn_clock(deployment: Deployment) -> None:
    """A turn that nobody has to wait for, by the role of the door."""
    told = deployment.client("lambda").invoke(FunctionName=f"{PREFIX}on-timer", Payload=b"{}")
    assert "FunctionError" not in told, told


def change_policy(deployment: Deployment, owner: str, name: str = "iris", **values: Any) -> None:
    path = f"/api/v1/services/{name}/policy"
    told = deployment.request("PATCH", path, values, key=owner)
    assert told.status == 200, told.body


def put(deployment: Deployment, key: str, path: Path) -> None:
    bucket = deployment.outputs["BucketName"]
    deployment.client("s3").upload_file(str(path), bucket, key)


def keys(deployment: Deployment, prefix: str) -> list[str]:
    bucket = deployment.outputs["BucketName"]
    found = deployment.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)
    return [entry["Key"] for entry in found.get("Contents", [])]


def live_version(deployment: Deployment, name: str, owner: str) -> int | None:
    """Which version of a service is live, if there is the service and one is."""
    told = deployment.request("GET", f"/api/v1/services/{name}", key=owner)
    live: int | None = told.json()["live"] if told.status == 200 else None
    return live


def make_key(deployment: Deployment, name: str, owner: str) -> str:
    """A new API key of a service."""
    made = deployment.request("POST", f"/api/v1/services/{name}/keys", {}, key=owner)
    assert made.status in (200, 201), made.body
    return str(made.json()["key"])


def score(
    deployment: Deployment,
    rows: list[dict[str, Any]],
    key: str,
    headers: Mapping[str, str] | None = None,
    name: str = "iris",
) -> dict[str, Any]:
    path = f"/api/v1/service/{name}/score"
    reply = deployment.request("POST", path, {"input_df": rows}, headers, key)
    assert reply.status == 200, reply.body
    told: dict[str, Any] = reply.json()
    return told


def label_yesterday(deployment: Deployment, name: str, key: str, owner: str) -> str:
    """Yesterday, of which every flower is scored and labelled."""
    day = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    headers = {"X-ScienceOps-Captured-At": f"{day}T12:00:00Z"}
    answer = score(deployment, iris_rows(), owner, headers, name)
    labels = [
        {"request_id": answer["request_id"], "row": row, "label": str(species)}
        for row, species in enumerate(iris_table()["species"])
    ]
    path = f"/api/v1/service/{name}/labels"
    told = deployment.request("POST", path, {"labels": labels}, key=key)
    assert (told.status, told.json()["accepted"]) == (200, len(labels)), told.body
    return day


def run_command(
    deployment: Deployment, home: Path, *words: str | Path
) -> subprocess.CompletedProcess[str]:
    """`scienceops` with these words, in a shell as docs/aws.md has it set up."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SCIENCEOPS_")}
    environment = {
        **kept,
        "HOME": str(home),
        "SCIENCEOPS_CLOUD": "aws",
        "SCIENCEOPS_AWS_PREFIX": PREFIX,
        "SCIENCEOPS_AWS_BUCKET": deployment.outputs["BucketName"],
    }
    return subprocess.run(
        [SCIENCEOPS, *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300 * PATIENCE,
        check=False,
    )
