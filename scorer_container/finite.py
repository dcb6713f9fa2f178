"""Finite: whether a model's answer is in numbers that JSON can hold."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from scienceops.errors import BadRows
from scienceops.running import Scored, Shares


def infinite(scored: Scored) -> BadRows | None:
    """What is wrong with an answer that has an infinite number or NaN; None for any other."""
    known = scored.are_finite
    if _are_finite_shares(scored.shares) and (known or _are_finite(scored.predictions)):
        return None
    shares = scored.probabilities or ()
    for index, prediction in enumerate(scored.predictions):
        for value in (prediction, *(shares[index].values() if shares else ())):
            if isinstance(value, float) and not math.isfinite(value):
                fault: dict[str, object] = {
                    "row": index,
                    "column": None,
                    "problem": "the model has no finite answer to this row",
                    "got": repr(value),
                    "wanted": "a finite prediction",
                }
                return BadRows([fault])
    return None


def _are_finite(values: Sequence[Any]) -> bool:
    kinds = set(map(type, values))
    if kinds == {float}:
        return math.isfinite(sum(values)) or all(map(math.isfinite, values))
    return float not in kinds or all(math.isfinite(v) for v in values if isinstance(v, float))


def _are_finite_shares(shares: Shares | Sequence[Mapping[str, float]] | None) -> bool:
    if isinstance(shares, Shares):
        return shares.are_finite()
    return all(math.isfinite(value) for row in shares or () for value in row.values())
