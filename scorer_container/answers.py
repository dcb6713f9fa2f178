"""Answers: whether what a model says is what JSON and the columns of captures can hold."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from scienceops.core.captures import Task
from scienceops.errors import BadRows
from scienceops.running import Scored, Shares

#: Predictions of a regression; a missing one is captured as missing.
_NUMBERS = frozenset({float, int, bool, type(None)})


def fault_of(scored: Scored, task: Task) -> BadRows | None:
    """What is wrong with an answer that cannot be told, or not be kept; None for any other."""
    predictions = scored.predictions
    if task == "regression" and not set(map(type, predictions)) <= _NUMBERS:
        row = next(n for n, value in enumerate(predictions) if type(value) not in _NUMBERS)
        what = "the model of a regression has no number for this row"
        return _fault(row, what, predictions[row], "a number, or none")
    known = scored.are_finite
    if _are_finite_shares(scored.shares) and (known or _are_finite(predictions)):
        return None
    shares = scored.probabilities or ()
    for row, prediction in enumerate(predictions):
        for value in (prediction, *(shares[row].values() if shares else ())):
            if isinstance(value, float) and not math.isfinite(value):
                what = "the model has no finite answer to this row"
                return _fault(row, what, value, "a finite prediction")
    return None


def _fault(row: int, what: str, got: object, wanted: str) -> BadRows:
    told: dict[str, object] = {"row": row, "column": None, "problem": what}
    told |= {"got": repr(got)[:80], "wanted": wanted}
    return BadRows([told])


def _are_finite(values: Sequence[Any]) -> bool:
    kinds = set(map(type, values))
    if kinds == {float}:
        return math.isfinite(sum(values)) or all(map(math.isfinite, values))
    return float not in kinds or all(math.isfinite(v) for v in values if isinstance(v, float))


def _are_finite_shares(shares: Shares | Sequence[Mapping[str, float]] | None) -> bool:
    if isinstance(shares, Shares):
        return shares.are_finite()
    return all(math.isfinite(value) for row in shares or () for value in row.values())
