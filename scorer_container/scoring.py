"""Scoring: one call, from its body to its answer; the faces of the scorer only carry it."""

import hmac
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from scienceops.core.access import hash_key, matches
from scienceops.core.captures import CapturedCall, Task
from scienceops.core.ids import RequestIds
from scienceops.core.schema import Schema
from scienceops.core.table import Table
from scienceops.core.trace import continue_trace
from scienceops.errors import (
    ModelFailed,
    NotAllowed,
    NotAuthenticated,
    ScienceOpsError,
)
from scienceops.problems import Problem, problem_of, unforeseen
from scienceops.running import Runner, Scored
from scienceops.spans import Spans
from scorer_container.answers import fault_of
from scorer_container.capture_modes import Capture
from scorer_container.decode import RowsDecoder
from scorer_container.direct_keys import DirectKeys
from scorer_container.merging import predict_all, predict_each
from scorer_container.metrics import Metrics
from scorer_container.protocols import Answer, Form, Sent
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


@dataclass(slots=True, eq=False)
class _Turn:
    """A call on its way from its body to its answer."""

    call: Call
    form: Form
    began: float
    captured: bool = False
    error: Exception | None = None
    table: Table = field(init=False)
    at: datetime = field(init=False)
    identity: str = field(init=False)
    scored: Scored = field(init=False)
    sent: Sent = field(init=False)

    def to_capture(self) -> CapturedCall:
        """The record of it, once it is scored."""
        scored, table = self.scored, self.table
        return CapturedCall(
            request_id=self.identity,
            captured_at=self.at,
            correlation_id=self.call.correlation or None,
            latency_ms=(time.perf_counter() - self.began) * 1000,
            columns=table.columns,
            predictions=scored.predictions,
            probabilities=scored.by_class(),
        )


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
        *,
        together: bool = False,
    ) -> None:
        """open_calls: has one item for each call that is not answered yet. together: whether calls
        that come at once are computed at once, for that changes nothing in their answers."""
        self.served = served
        self.decoder = RowsDecoder(served.schema)
        self.native = NativeForm(self.decoder)
        self._runner = runner
        self._capture = capture
        self._metrics = metrics
        self._direct = direct
        self._spans = spans
        self._open_calls = deque() if open_calls is None else open_calls
        self._together = together
        self._task: Task = served.manifest["task"]
        self._ids = RequestIds(served.key_sha256)
        #: Hash of the header that the gateway sent last: it sends the same one with every call.
        self._of_gateway = ""

    def reply_to(self, call: Call, form: Form) -> Reply:
        """The answer to a call in its own form, or the problem with it."""
        self._open_calls.append(None)
        try:
            (reply,) = self.replies_to(((call, form),))
            return reply
        finally:
            self._open_calls.pop()

    def replies_to(self, calls: Sequence[tuple[Call, Form]]) -> list[Reply]:
        """The same for calls that came at once: computed and kept together.

        Each has its own problems, except that where the record of one cannot be kept none is.
        """
        now = time.perf_counter()
        turns = [_Turn(call, form, now) for call, form in calls]
        _each(turns, self._read)
        if fine := _fine(turns):
            self._score(fine)
            # Written before it is kept, so that what cannot be told is no answer on record; and
            # once a disk has taken the record, only the sending is left.
            _each(_fine(fine), self._write)
            self._keep(_fine(fine))
        return [self._reply(turn) for turn in turns]

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

    def _read(self, turn: _Turn) -> None:
        call = turn.call
        self._check_caller(call)
        turn.table = turn.form.read(call.body)
        turn.at = _captured_at(call.captured_at)
        turn.identity = self._ids.make(int(turn.at.timestamp() * 1000), secrets.token_bytes(10))

    def _score(self, turns: Sequence[_Turn]) -> None:
        tables = [turn.table for turn in turns]
        predict = predict_all if self._together else predict_each
        for turn, outcome in zip(turns, predict(self._runner, tables), strict=True):
            if isinstance(outcome, Exception):
                turn.error = outcome
            else:
                turn.scored, turn.error = outcome, fault_of(outcome, self._task)

    def _write(self, turn: _Turn) -> None:
        served = self.served
        answer = Answer(turn.identity, served.service, served.version, turn.scored)
        turn.sent = turn.form.write(answer)

    def _keep(self, turns: Sequence[_Turn]) -> None:
        kept = [turn for turn in turns if turn.call.capture != "off"]
        if not kept:
            return
        try:
            captured = self._capture.keep([turn.to_capture() for turn in kept])
        except Exception as error:  # noqa: BLE001  # Those whose record is missing are told.
            for turn in kept:
                turn.error = error
            return
        for turn, is_captured in zip(kept, captured, strict=True):
            turn.captured = is_captured

    def _reply(self, turn: _Turn) -> Reply:
        """What is sent, and counted."""
        error = turn.error
        if error is None:
            sent, status, headers = turn.sent, 200, {ID_HEADER: turn.identity}
            self._metrics.scored(turn.table, turn.captured)
        else:
            sent, told = _refusal(turn.form, error)
            status, headers = told.status, dict(told.headers)
        seconds = time.perf_counter() - turn.began
        self._metrics.answered(status, seconds)
        # The last bit of the flags: whoever began the trace records it. Others cost this look.
        if turn.call.trace[-1:] in _ODD:
            self._tell(turn.call.trace, status, seconds, headers.get(ID_HEADER))
        headers.update(sent.headers)
        return Reply(status, sent.content_type, sent.body, headers)

    def check(self, authorization: str) -> None:
        """Raise NotAuthenticated unless a call with this header would be scored."""
        self._check_caller(Call(b"", authorization, captured_at="", capture="", correlation=""))

    def admits(self, authorization: str) -> bool:
        """Whether a call with this header would be scored."""
        try:
            self.check(authorization)
        except NotAuthenticated:
            return False
        return True

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


def _each(turns: Sequence[_Turn], act: Callable[[_Turn], None]) -> None:
    """Do this to each; what goes wrong with one stays with it."""
    for turn in turns:
        try:
            act(turn)
        except Exception as error:  # noqa: BLE001  # Whoever asked gets an answer.
            turn.error = error


def _fine(turns: Sequence[_Turn]) -> Sequence[_Turn]:
    return [turn for turn in turns if turn.error is None]


def _refusal(form: Form, error: Exception) -> tuple[Sent, Problem]:
    try:
        if isinstance(error, ScienceOpsError) and not isinstance(error, ModelFailed):
            told = problem_of(error)
        else:
            told = unforeseen(error)
        return form.refuse(told), told
    except Exception as unwritten:  # noqa: BLE001  # What others asked is answered all the same.
        told = unforeseen(unwritten)
        return form.refuse(told), told


def _captured_at(own: str) -> datetime:
    return datetime.fromisoformat(own).astimezone(UTC) if own else datetime.now(UTC)
