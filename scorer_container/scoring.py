"""Scoring: one call, from its body to its answer; the faces of the scorer only carry it."""

import math
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from scienceops.core.access import hash_key, matches
from scienceops.core.captures import CapturedCall
from scienceops.core.ids import request_id
from scienceops.core.schema import Schema
from scienceops.errors import BadRows, ModelFailed, NotAuthenticated, ScienceOpsError
from scienceops.problems import TYPE, Problem, problem_of, unforeseen
from scienceops.running import Runner, Scored
from scorer_container.capture import CaptureSpool
from scorer_container.decode import RowsDecoder
from scorer_container.metrics import Metrics

JSON = "application/json"


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


@dataclass(frozen=True)
class Call:
    """What a face has read of a request: the body, and its headers as text, empty where absent."""

    body: bytes
    authorization: str
    captured_at: str
    capture: str
    correlation: str


@dataclass(frozen=True)
class Reply:
    """What a face sends."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str]


_NO_HEADERS: Mapping[str, str] = {}


class Scoring:
    """Checks, scores, captures, counts and answers calls; from several threads at once."""

    def __init__(
        self, served: Served, runner: Runner, spool: CaptureSpool, metrics: Metrics
    ) -> None:
        self._served = served
        self._runner = runner
        self._spool = spool
        self._metrics = metrics
        self._decoder = RowsDecoder(served.schema)
        self._encode = msgspec.json.Encoder().encode

    def reply_to(self, call: Call) -> Reply:
        """The answer to a call, or the problem with it."""
        began = time.perf_counter()
        try:
            reply = Reply(200, JSON, self._encode(self._score(call, began)), _NO_HEADERS)
        except ScienceOpsError as error:
            failed = isinstance(error, ModelFailed)
            reply = reply_of(unforeseen(error) if failed else problem_of(error))
        except Exception as error:  # noqa: BLE001  # Whoever asked gets an answer all the same.
            reply = reply_of(unforeseen(error))
        self._metrics.answered(reply.status, time.perf_counter() - began)
        return reply

    def refused(self, problem: Problem) -> Reply:
        """The reply to what a face would not even read."""
        self._metrics.answered(problem.status, 0.0)
        return reply_of(problem)

    def _score(self, call: Call, began: float) -> dict[str, Any]:
        served = self._served
        kind, _, key = call.authorization.partition(" ")
        bearer = key.strip() if kind.lower() == "bearer" else ""
        if not matches(hash_key(bearer), (served.key_sha256,)):
            raise NotAuthenticated("this scorer takes calls of its gateway only")
        table = self._decoder.decode(call.body)
        at = _captured_at(call.captured_at)
        identity = request_id(
            int(at.timestamp() * 1000), secrets.token_bytes(10), served.key_sha256
        )
        scored = self._runner.predict_table(table)
        _check_finite(scored)
        capture = call.capture != "off"
        if capture:
            self._spool.append(
                CapturedCall(
                    request_id=identity,
                    captured_at=at.isoformat(),
                    correlation_id=call.correlation or None,
                    latency_ms=(time.perf_counter() - began) * 1000,
                    columns=table.columns,
                    predictions=scored.predictions,
                    probabilities=scored.probabilities,
                )
            )
        self._metrics.scored(table, capture)
        answer: dict[str, Any] = {
            "request_id": identity,
            "model": served.service,
            "version": served.version,
            "predictions": scored.predictions if scored.reply is None else scored.reply,
        }
        if scored.probabilities is not None:
            answer["probabilities"] = scored.probabilities
        return answer


def reply_of(problem: Problem) -> Reply:
    """A problem as a face sends it."""
    return Reply(problem.status, TYPE, msgspec.json.encode(problem.document), problem.headers)


def _captured_at(own: str) -> datetime:
    return datetime.fromisoformat(own).astimezone(UTC) if own else datetime.now(UTC)


def _check_finite(scored: Scored) -> None:
    shares = scored.probabilities or ()
    # Adding up keeps whatever is not finite, and a look at the sum is all that most calls take.
    if all(math.isfinite(sum(row.values())) for row in shares) and not any(
        isinstance(value, float) and not math.isfinite(value) for value in scored.predictions
    ):
        return
    for index, prediction in enumerate(scored.predictions):
        for value in (prediction, *(shares[index].values() if shares else ())):
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
