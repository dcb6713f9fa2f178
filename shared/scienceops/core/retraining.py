"""Retraining: the records of flags and retrainings, and the rules that decide about rows."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from statistics import stdev
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from scienceops.core.ids import time_of
from scienceops.core.mistakes import first_mistake
from scienceops.core.versions import Document
from scienceops.errors import BadInput


class Flag(Document):
    """What an expert says of captured rows: a window of time, or request ids.

    wrong: never learn from them. retrain: worth learning from. undo: flag number `of` holds no
    more. since and until: ISO 8601, until exclusive.
    """

    number: int
    kind: Literal["wrong", "retrain", "undo"]
    since: str = ""
    until: str = ""
    request_ids: tuple[str, ...] = ()
    comment: str = ""
    by: str
    at: str
    of: int = 0

    @property
    def days(self) -> list[date]:
        """The UTC days of what the flag speaks of, ascending."""
        if self.request_ids:
            return sorted({time_of(identity).date() for identity in self.request_ids})
        first = datetime.fromisoformat(self.since)
        last = datetime.fromisoformat(self.until) - timedelta(microseconds=1)
        return [
            first.date() + timedelta(days=n) for n in range((last.date() - first.date()).days + 1)
        ]

    def covers(self, request_id: str, at: datetime) -> bool:
        """Whether the flag speaks of this row.

        >>> at = datetime.fromisoformat("2026-11-20T12:00+00:00")
        >>> day = {"since": "2026-11-20T00:00:00Z", "until": "2026-11-21T00:00:00Z"}
        >>> Flag(number=1, kind="wrong", by="eva", at="", **day).covers("a", at)
        True
        """
        if self.request_ids:
            return request_id in self.request_ids
        return datetime.fromisoformat(self.since) <= at < datetime.fromisoformat(self.until)


def in_force(flags: Iterable[Flag]) -> list[Flag]:
    """The flags that no later entry undid, oldest first."""
    known = list(flags)
    undone = {flag.of for flag in known if flag.kind == "undo"}
    return [flag for flag in known if flag.kind != "undo" and flag.number not in undone]


class Selection(BaseModel):
    """Which rows a retraining learns from. since and until: days, both included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: date
    until: date
    flagged_only: bool = Field(False, description="Only rows flagged `retrain`.")
    keep_original: float = Field(
        1.0, ge=0, le=1, description="Share of the original training data that is kept."
    )
    half_life_days: float | None = Field(
        None, gt=0, description="Age at which a captured row weighs half."
    )

    @model_validator(mode="after")
    def _in_order(self) -> "Selection":
        if self.until < self.since:
            raise ValueError(f"it ends on {self.until}, before it begins on {self.since}")
        return self


def read_selection(values: Mapping[str, Any]) -> Selection:
    """The selection; raises BadInput naming the key and what it may be.

    >>> read_selection({"since": "2026-11-01", "until": "2026-11-07"}).keep_original
    1.0
    """
    try:
        return Selection.model_validate(values)
    except ValidationError as error:
        found = first_mistake(error)
        if found.unknown:
            keys = ", ".join(Selection.model_fields)
            raise BadInput(f"unknown selection key {found.key!r}: keys are {keys}") from None
        if found.missing:
            raise BadInput(f"the selection has no {found.key!r}: wanted a day") from None
        where = f" {found.key} = {found.got}" if found.key else ""
        raise BadInput(f"selection{where}: {found.wanted}") from None


class RetrainingState(StrEnum):
    """Where a retraining stands."""

    PROPOSED = "proposed"
    SELECTING = "selecting"
    TRAINING = "training"
    UPLOADED = "uploaded"
    COMPARING = "comparing"
    COMPARED = "compared"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DISMISSED = "dismissed"


#: States from which a retraining moves on by itself.
MOVING = frozenset(
    {
        RetrainingState.SELECTING,
        RetrainingState.TRAINING,
        RetrainingState.UPLOADED,
        RetrainingState.COMPARING,
    }
)


class Retraining(Document):
    """One retraining: who asked and why, what it learns from, and what came of it.

    base: the version whose train.py and original data are used. order: the key of what it may read,
    empty until that is frozen, and of one that an earlier release began. beginning: the order of a
    job whose id is not noted yet. training_set: sha256 of the frozen rows. report: what the
    selection found. package_digest, uploaded_at: what the training uploaded, and when that was
    seen. version: the candidate. comparison: the candidate beside the live version. to_decide:
    whether policy has yet to decide on it.
    """

    number: int
    service: str
    state: RetrainingState
    base: int
    selection: Mapping[str, Any]
    requested_by: str
    requested_at: str
    why: str = ""
    order: str = ""
    beginning: Mapping[str, Any] = {}
    job_id: str = ""
    training_set: str = ""
    report: Mapping[str, Any] = {}
    package_digest: str = ""
    uploaded_at: str = ""
    version: int | None = None
    comparison: Mapping[str, Any] = {}
    to_decide: bool = False
    reason: str = ""
    log_tail: tuple[str, ...] = ()


#: One-sided 95 % of a normal distribution.
SURE = 1.645
#: Of fewer new rows held out nothing is sure: the error of their mean is estimated from themselves,
#: and Student's factor in place of SURE is 1.70 at 30 rows, within 4 %, but 1.83 at 10.
LEAST_NEW_ROWS = 30


def is_better(
    comparison: Mapping[str, Any], *, margin: float, tolerance: float
) -> tuple[bool, str]:
    """(whether the candidate wins, why), by the hold-outs of a comparison.

    It must be surely better by more than `margin` on the new rows, and not surely worse by more
    than `tolerance` on the original ones, which nobody flagged: mislabelled new rows cannot vote
    for themselves. Surely, because rows may be few, and because the live version may have learned
    from the original ones: the lower and the upper end of the gain's one-sided 95 % intervals
    count. Where the error is unknown nothing is sure.

    >>> part = {"rows": 90, "live": {"accuracy": 0.7}, "candidate": {"accuracy": 0.9}}
    >>> part["standard_error"] = 0.05
    >>> is_better({"metric": "accuracy", "recent": part}, margin=0.0, tolerance=0.05)
    (True, 'accuracy on 90 new rows: live 0.7, candidate 0.9')
    """
    metric = comparison["metric"]
    reasons, wins = [], True
    for part, told in (("recent", "new"), ("original", "original")):
        found = comparison.get(part)
        if not found or not found["rows"]:
            if part == "recent":
                wins = False
                reasons.append("no new labelled row was held out: nothing shows that it is better")
            continue
        live, candidate = found["live"].get(metric), found["candidate"].get(metric)
        if live is None or candidate is None:
            return False, f"{metric} could not be measured on the {told} rows"
        objection = (
            _not_surely_better(found, candidate - live, margin, metric)
            if part == "recent"
            else _surely_worse(found, candidate - live, tolerance)
        )
        wins = wins and not objection
        reasons.append(
            f"{metric} on {found['rows']} {told} rows: live {live:.4g}, candidate {candidate:.4g}"
            f"{objection}"
        )
    return wins, "; ".join(reasons)


def _not_surely_better(part: Mapping[str, Any], gain: float, margin: float, metric: str) -> str:
    """What is said against a gain on new rows; empty when it is surely more than the margin."""
    if part["rows"] < LEAST_NEW_ROWS:
        return f", too few to be sure: wanted at least {LEAST_NEW_ROWS}"
    error = _error(part)
    if error is None:
        return ", and how sure that is was not measured"
    # Rows are counted, which a normal distribution knows nothing of: one is taken off, as Edwards'
    # correction (1948) of McNemar's test does.
    one_row = 1 / part["rows"] if metric == "accuracy" else 0.0
    least = gain - SURE * error - one_row
    return "" if least > margin else f", not surely better by more than {margin:g}"


def _surely_worse(part: Mapping[str, Any], gain: float, tolerance: float) -> str:
    """What is said against a loss on original rows; empty when it may be within the tolerance."""
    error = _error(part)
    if error is None or gain + SURE * error >= -tolerance:
        return ""
    return f", surely worse by more than {tolerance:g}"


def _error(part: Mapping[str, Any]) -> float | None:
    """The standard error of the gain, None where it is unknown, as it is of a single row."""
    error: float | None = part.get("standard_error")
    return error if part["rows"] > 1 else None


def gain_error(gains: Sequence[float], scale: float = 1.0) -> float | None:
    """Standard error of the mean of paired gains, in units of `scale`; None of fewer than two.

    >>> round(gain_error([1.0, 0.0, 0.0, -1.0]), 3)
    0.408
    >>> gain_error([1.0])
    """
    if len(gains) < 2 or scale == 0:
        return None
    return stdev(gains) / math.sqrt(len(gains)) / scale
