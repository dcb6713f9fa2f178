"""Traffic: score and label through the gateway as a client does, and count what was captured."""

import io
import json
import time
from datetime import datetime
from typing import Any

from scienceops.app import App
from scienceops.cli.session import actor, app, post
from scienceops.demo import iris
from scienceops.errors import ScienceOpsError, Unavailable

NAME = "iris"
READY_SECONDS = 60
CAPTURE_SECONDS = 60

#: One item of the labels call: request_id, row and label.
Label = dict[str, Any]


def make_key(platform: App) -> str:
    """A new API key of the service, in place of its second one if both are taken."""
    free = {"primary", "secondary"} - {k["slot"] for k in platform.service(NAME)["keys"]}
    if not free:
        platform.revoke_key(NAME, "secondary", actor())
    return platform.create_key(NAME, None, actor())["key"]


def score(rows: list[dict[str, Any]], key: str, at: datetime | None = None) -> dict[str, Any]:
    """The gateway's answer to rows, captured at a time of their own if one is given."""
    headers = {} if at is None else {"X-ScienceOps-Captured-At": at.isoformat()}
    body = json.dumps({"input_df": rows}).encode()
    end = time.monotonic() + READY_SECONDS
    while True:
        try:
            return post(f"/api/v1/service/{NAME}/score", body, key, headers)
        except Unavailable:
            # On a home that was used before, the service is only being started again. Status 503
            # says that nothing was scored, so that asking again counts no row twice.
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def score_week(today: datetime) -> tuple[int, list[Label]]:
    """Score the simulated week: how many rows were answered, and the truth about each."""
    scored, truth = 0, []
    for call in iris.simulated_week(today):
        answer = score(call.rows, app().owner_token, call.at)
        scored += len(answer["predictions"])
        truth += [
            {"request_id": answer["request_id"], "row": row, "label": species}
            for row, species in enumerate(call.species)
        ]
    return scored, truth


def send_labels(labels: list[Label], key: str) -> int:
    """Tell the service what its rows turned out to be: how many labels it took."""
    body = json.dumps({"labels": labels}).encode()
    told = post(f"/api/v1/service/{NAME}/labels", body, key, {})
    if told["refused"]:
        raise ScienceOpsError(f"a label was refused: {told['problems'][0]['problem']}")
    taken: int = told["accepted"]
    return taken


def captured_rows(platform: App) -> int:
    """Rows that are in the bucket."""
    import pyarrow.parquet as pq

    objects = platform.ports.objects
    return sum(
        pq.read_metadata(io.BytesIO(objects.get(info.key))).num_rows
        for info in objects.scan(f"captures/{NAME}/")
    )


def wait_for_captures(platform: App, wanted: int) -> None:
    """Wait until so many rows are in the bucket, or for as long as may be waited."""
    end = time.monotonic() + CAPTURE_SECONDS
    while captured_rows(platform) < wanted and time.monotonic() < end:
        time.sleep(0.2)
