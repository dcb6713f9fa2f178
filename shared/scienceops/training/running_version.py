"""Running version: one version of a service, asked as the gateway asks it."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from scienceops.core.access import derive_key
from scienceops.core.names import version_file_key
from scienceops.core.schema import Schema
from scienceops.errors import ModelFailed, ScorerHidden, ServiceNotReady
from scienceops.packing.rows import frame_to_rows
from scienceops.ports import Calling
from scienceops.training.order import Order
from scienceops.usecases.platform_secrets import gateway_secret
from scienceops.usecases.records import read_deployment

#: Rows that are asked for in one call.
BATCH = 200
START_SECONDS = 60.0
#: How long a call is made again that the platform turned away before a scorer was asked.
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Answers:
    """What one version said of rows: predictions, and shares per class where it gives them."""

    predictions: Sequence[Any]
    probabilities: Sequence[Mapping[str, float]] | None


class RunningVersion:
    """A version that runs; what it is asked is not captured."""

    def __init__(self, order: Order, number: int, calling: Calling) -> None:
        self._runtime = calling.runtime
        self._endpoint = _endpoint(order.service, number, calling)
        document = json.loads(
            order.objects.get(version_file_key(order.service, number, "schema.json"))
        )
        self.schema = Schema.from_json_schema(document)
        key = derive_key(gateway_secret(calling.secrets), order.service, number)
        self._name = f"{order.service}:{number}"
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "X-ScienceOps-Capture": "off",
        }

    def ask(self, frame: pd.DataFrame) -> Answers:
        """Its answers to the rows of a frame that has its columns."""
        rows = frame_to_rows(frame[[column.name for column in self.schema.columns]], self.schema)
        predictions: list[Any] = []
        shares: list[Mapping[str, float]] = []
        for start in range(0, len(rows), BATCH):
            answer, _ = self._post(rows[start : start + BATCH])
            predictions += answer["predictions"]
            shares += answer.get("probabilities") or []
        return Answers(predictions, shares if len(shares) == len(predictions) else None)

    def milliseconds(self, frame: pd.DataFrame) -> float:
        """How long the call with this one row took."""
        rows = frame_to_rows(frame[[column.name for column in self.schema.columns]], self.schema)
        _, seconds = self._post(rows)
        return seconds * 1000

    def _post(self, rows: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], float]:
        """The answer, and how long it took without the times that the call was turned away."""
        body = json.dumps({"input_df": rows}).encode()
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            began = time.perf_counter()
            try:
                reply = self._runtime.call(
                    self._endpoint, "POST", "/score", headers=self._headers, body=body
                )
            except ScorerHidden:
                if time.monotonic() > end:
                    raise
                time.sleep(PAUSE_SECONDS)
            else:
                break
        seconds = time.perf_counter() - began
        if reply.status != 200:
            text = reply.content.decode("utf-8", "replace")[:500]
            raise ModelFailed(f"{self._name} answered with status {reply.status}: {text}")
        answer: dict[str, Any] = json.loads(reply.content)
        return answer, seconds


def _endpoint(service: str, number: int, calling: Calling) -> str:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        deployment = read_deployment(calling.registry, service, number).value
        if deployment.observed == "ready":
            return deployment.endpoint
        time.sleep(0.2)
    raise ServiceNotReady(f"version {number} of {service!r} does not run", retry_after_seconds=5)
