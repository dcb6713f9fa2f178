"""Scoring: one call, from its body to its answer; the faces of the scorer only carry it."""

import hmac
import logging
import math
import secrets
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from scienceops.core.access import hash_key, matches
from scienceops.core.captures import CapturedCall
from scienceops.core.ids import RequestIds
from scienceops.core.schema import Schema
from scienceops.core.trace import continue_trace
from scienceops.errors import (
    BadRows,
    ModelFailed,
    NotAllowed,
    NotAuthenticated,
    ScienceOpsError,
)
from scienceops.problems import Problem, problem_of, unforeseen
from scienceops.running import Runner, Scored, Shares
from scienceops.spans import Spans
from scorer_container.capture_modes import Capture
from scorer_container.decode import RowsDecoder
from scorer_container.direct_keys import DirectKeys
from scorer_container.metrics import Metrics
from scorer_container.protocols import Answer, Form
from scorer_container.protocols.native import NativeForm

log = logging.getLogger(__name__)

#: Names the request in every reply, for forms whose body has no place for it.
ID_HEADER = "X-ScienceOps-Request-Id"
_ODD = frozenset("13579bdf")


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

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what the model gives, for protocols that ask by name."""
        shares = self.sample.get("probabilities") is not None
        return ("predict", "predict_proba") if shares else ("predict",)


class Call(msgspec.Struct, frozen=True):
    """What a face has read of a request: the body, and its headers as text, empty where absent."""

    body: bytes
    authorization: str
    captured_at: str
    capture: str
    correlation: str
    trace: str = ""


class Reply(msgspec.Struct, frozen=True):
    """What a face sends."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str]


class Scoring:
    """Checks, scores, captures, counts and answers calls; from several threads at once."""

    def __init__(
        self,
        served: Served,
        runner: Runner,
        capture: Capture,
        metrics: Metrics,
        direct: DirectKeys | None = None,
        spans: Spans | None = None,
        open_calls: deque[None] | None = None,
    ) -> None:
        """open_calls: has one item for each call that is not answered yet."""
        self.served = served
        self.decoder = RowsDecoder(served.schema)
        self.native = NativeForm(self.decoder)
        self._runner = runner
        self._capture = capture
        self._metrics = metrics
        self._direct = direct
        self._spans = spans
        self._open_calls = deque() if open_calls is None else open_calls
        self._ids = RequestIds(served.key_sha256)
        #: Hash of the header that the gateway sent last: it sends the same one with every call.
        self._of_gateway = ""

    def reply_to(self, call: Call, form: Form) -> Reply:
        """The answer to a call in its own form, or the problem with it."""
        began = time.perf_counter()
        self._open_calls.append(None)
        try:
            answer = self._score(call, form, began)
            sent, status, headers = form.write(answer), 200, {ID_HEADER: answer.request_id}
        except ScienceOpsError as error:
            failed = isinstance(error, ModelFailed)
            told = unforeseen(error) if failed else problem_of(error)
            sent, status, headers = form.refuse(told), told.status, dict(told.headers)
        except Exception as error:  # noqa: BLE001  # Whoever asked gets an answer all the same.
            told = unforeseen(error)
            sent, status, headers = form.refuse(told), told.status, {}
        finally:
            self._open_calls.pop()
        seconds = time.perf_counter() - began
        self._metrics.answered(status, seconds)
        # The last bit of the flags: whoever began the trace records it. Others cost this look.
        if call.trace[-1:] in _ODD:
            self._tell(call.trace, status, seconds, headers.get(ID_HEADER))
        headers.update(sent.headers)
        return Reply(status, sent.content_type, sent.body, headers)

    def refused(self, problem: Problem, form: Form) -> Reply:
        """The reply to what a face would not even read."""
        self._metrics.answered(problem.status, 0.0)
        sent = form.refuse(problem)
        return Reply(problem.status, sent.content_type, sent.body, problem.headers)

    def _tell(self, header: str, status: int, seconds: float, identity: str | None) -> None:
        trace = continue_trace(header)
        if trace is None:
            return
        facts = {
            "service": self.served.service,
            "version": self.served.version,
            "request_id": identity,
            "status": status,
        }
        took = {"milliseconds": round(seconds * 1000, 3)}
        log.info("rows scored", extra={**trace.fields, **facts, **took})
        if self._spans is not None:
            self._spans.tell(trace, f"score {self.served.service}", "server", seconds, facts)

    def _score(self, call: Call, form: Form, began: float) -> Answer:
        served = self.served
        self._check_caller(call)
        table = form.read(call.body)
        at = _captured_at(call.captured_at)
        identity = self._ids.make(int(at.timestamp() * 1000), secrets.token_bytes(10))
        scored = self._runner.predict_table(table)
        _check_finite(scored)
        answer = Answer(identity, served.service, served.version, scored)
        captured = False
        if call.capture != "off":
            captured = self._capture.keep(
                CapturedCall(
                    request_id=identity,
                    captured_at=at,
                    correlation_id=call.correlation or None,
                    latency_ms=(time.perf_counter() - began) * 1000,
                    columns=table.columns,
                    predictions=scored.predictions,
                    probabilities=scored.by_class(),
                )
            )
        self._metrics.scored(table, captured)
        return answer

    def _check_caller(self, call: Call) -> None:
        """Raise NotAuthenticated or NotAllowed unless it is the gateway, or a direct caller."""
        header = hash_key(call.authorization)
        if hmac.compare_digest(header, self._of_gateway):
            return
        kind, _, key = call.authorization.partition(" ")
        given = hash_key(key.strip() if kind.lower() == "bearer" else "")
        if matches(given, (self.served.key_sha256,)):
            self._of_gateway = header
            return
        if self._direct is None:
            raise NotAuthenticated("this scorer takes calls of its gateway only")
        if not self._direct.admits(given):
            raise NotAuthenticated("a direct call needs `Authorization: Bearer KEY` of the service")
        if call.captured_at or call.capture:
            raise NotAllowed("when and whether a call is captured is the gateway's to say")


def _captured_at(own: str) -> datetime:
    return datetime.fromisoformat(own).astimezone(UTC) if own else datetime.now(UTC)


def _are_finite(values: Sequence[Any]) -> bool:
    kinds = set(map(type, values))
    if kinds == {float}:
        return math.isfinite(sum(values)) or all(map(math.isfinite, values))
    return float not in kinds or all(math.isfinite(v) for v in values if isinstance(v, float))


def _are_finite_shares(shares: Shares | Sequence[Mapping[str, float]] | None) -> bool:
    if isinstance(shares, Shares):
        return shares.are_finite()
    return all(math.isfinite(value) for row in shares or () for value in row.values())


def _check_finite(scored: Scored) -> None:
    known = scored.are_finite
    if _are_finite_shares(scored.shares) and (known or _are_finite(scored.predictions)):
        return
    shares = scored.probabilities or ()
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
