"""The scorer's web app: check, score, capture, answer."""

import math
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, json, request

from scienceops.core.access import hash_key, matches
from scienceops.core.captures import CapturedCall
from scienceops.core.ids import request_id
from scienceops.core.openapi import openapi
from scienceops.core.schema import Schema
from scienceops.core.table import Table
from scienceops.errors import BadInput, BadRows, ModelFailed, NotAuthenticated, ScienceOpsError
from scienceops.problems import answer_with_problems, problem_of, unforeseen
from scienceops.running import Runner, Scored
from scorer_container.capture import CaptureSpool
from scorer_container.metrics import CONTENT_TYPE, Metrics

MANIFEST_SHOWN = ("task", "classes", "metrics", "tags", "python", "model", "target", "origin")


@dataclass(frozen=True)
class Served:
    """What one worker serves."""

    service: str
    version: int
    digest: str
    manifest: Mapping[str, Any]
    schema: Schema
    sample: Mapping[str, Any]
    key_sha256: str
    limit_bytes: int


def create_app(served: Served, runner: Runner, spool: CaptureSpool, metrics: Metrics) -> Flask:
    """The Flask app of one worker."""
    app = Flask("scorer")
    app.config["MAX_CONTENT_LENGTH"] = served.limit_bytes
    answer_with_problems(app)

    @app.post("/score")
    def score() -> Response:
        began = time.perf_counter()
        try:
            reply = _score(served, runner, spool, metrics, began)
        except ModelFailed as error:
            reply = unforeseen(error)
        except ScienceOpsError as error:
            reply = problem_of(error)
        metrics.answered(reply.status_code, time.perf_counter() - began)
        return reply

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz")
    def readyz() -> tuple[dict[str, str], int]:
        if spool.has_room():
            return {"status": "ready"}, 200
        return {"status": "the spool of captures is full"}, 503

    @app.get("/metadata")
    def metadata() -> dict[str, Any]:
        return {
            "name": served.service,
            "version": served.version,
            "package_digest": served.digest,
            **{name: served.manifest.get(name) for name in MANIFEST_SHOWN},
            "schema": served.schema.to_json_schema(),
        }

    @app.get("/openapi.json")
    def describe() -> dict[str, Any]:
        task = served.manifest["task"]
        return openapi(served.service, served.version, served.schema, served.sample, task)

    @app.get("/metrics")
    def show_metrics() -> Response:
        return Response(metrics.text(spool.size_bytes), content_type=CONTENT_TYPE)

    return app


def _score(
    served: Served, runner: Runner, spool: CaptureSpool, metrics: Metrics, began: float
) -> Response:
    if not matches(hash_key(_bearer()), [served.key_sha256]):
        raise NotAuthenticated("this scorer takes calls of its gateway only")
    rows = served.schema.check_rows(_rows_of(request.get_data()))
    table = Table.from_rows(rows, served.schema)
    at = _captured_at(request.headers.get("X-ScienceOps-Captured-At"))
    identity = request_id(int(at.timestamp() * 1000), secrets.token_bytes(10), served.key_sha256)
    scored = runner.predict_table(table)
    _check_finite(scored)
    capture = request.headers.get("X-ScienceOps-Capture") != "off"
    if capture:
        spool.append(
            CapturedCall(
                request_id=identity,
                captured_at=at.isoformat(),
                correlation_id=request.headers.get("X-ScienceOps-Correlation-Id"),
                latency_ms=(time.perf_counter() - began) * 1000,
                columns=table.columns,
                predictions=scored.predictions,
                probabilities=scored.probabilities,
            )
        )
    metrics.scored(table, capture)
    reply: dict[str, Any] = {
        "request_id": identity,
        "model": served.service,
        "version": served.version,
        "predictions": scored.predictions if scored.reply is None else scored.reply,
    }
    if scored.probabilities is not None:
        reply["probabilities"] = scored.probabilities
    return Response(json.dumps(reply), content_type="application/json")


def _bearer() -> str:
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else ""


def _rows_of(body: bytes) -> Any:
    try:
        document = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BadInput(f'the body is no JSON: {error}; wanted {{"input_df": [{{...}}]}}') from None
    if not isinstance(document, dict) or set(document) != {"input_df"}:
        came = sorted(document) if isinstance(document, dict) else type(document).__name__
        raise BadInput(f'the body holds {came}; wanted {{"input_df": [{{...}}]}} and nothing else')
    return document["input_df"]


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number; send null for a missing value")


def _captured_at(own: str | None) -> datetime:
    return datetime.fromisoformat(own).astimezone(UTC) if own else datetime.now(UTC)


def _check_finite(scored: Scored) -> None:
    shares: Sequence[Mapping[str, float]] = scored.probabilities or [{}] * len(scored.predictions)
    for index, (prediction, row) in enumerate(zip(scored.predictions, shares, strict=True)):
        for value in (prediction, *row.values()):
            if isinstance(value, float) and not math.isfinite(value):
                raise BadRows(
                    [
                        {
                            "row": index,
                            "column": None,
                            "problem": "the model has no finite answer to this row",
                            "got": repr(value),
                            "wanted": "a finite prediction",
                        }
                    ]
                )
