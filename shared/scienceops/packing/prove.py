"""Prove: a compiled model is taken only when it answers as its original does."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from scienceops.compiling.registry import CannotCompile
from scienceops.core.table import Table
from scienceops.errors import ModelFailed
from scienceops.packing.proof_rows import (
    edge_rows,
    joined,
    known_rows,
    made_up_rows,
    part_of,
    rows_of,
)
from scienceops.running import Runner, Scored

#: Labels must be equal; numbers and probabilities may differ by this much, relative to 1 or more.
TOLERANCE = 1e-9

KNOWN_ROWS = 2000
MADE_UP_ROWS = 2000
#: Rows that are asked for one by one, for a single row goes another way through a forest.
SINGLE_ROWS = 200
#: That a row is refused is seen of it alone, and takes the original as long as an answer.
REFUSED_ROWS = 200
#: How many rows are asked for together, to see whether they answer as they do alone.
COMPANY = (2, 7, 32, 100, SINGLE_ROWS)
_CHUNK = 64


@dataclass(frozen=True)
class Proof:
    """How many rows were compared, and the largest difference among numbers and probabilities.

    independent_rows: whether a row was answered to the bit the same alone and among others.
    """

    rows: int
    largest_difference: float
    independent_rows: bool = False


def prove(compiled: Runner, original: Runner, frame: pd.DataFrame) -> Proof:
    """Compare both on the frame's rows, edge rows and made-up rows; raises CannotCompile.

    frame: training rows, or the sample. A row that the original refuses must be refused.
    """
    schema = original.schema
    known = known_rows(frame, schema, KNOWN_ROWS)
    edges = edge_rows(frame, schema)
    made_up = made_up_rows(frame, schema, MADE_UP_ROWS)
    table = joined([known, edges, made_up])
    proof = prove_on(compiled, original, table)
    return replace(proof, independent_rows=has_independent_rows(compiled, table))


def prove_on(compiled: Runner, original: Runner, table: Table) -> Proof:
    """The same on given rows; of those that the compiled model refuses, on REFUSED_ROWS at most."""
    taken, refused = _divided(compiled, table)
    largest = 0.0
    for part, expected in _answers(original, taken):
        found = _answer(compiled, part)
        largest = max(largest, _compare(expected, found, part))
    alone = [*_spread(taken, SINGLE_ROWS), *(checked := _spread(refused, REFUSED_ROWS))]
    for single in alone:
        largest = max(
            largest, _compare(_answer(original, single), _answer(compiled, single), single)
        )
    return Proof(taken.count + len(checked), largest)


def _divided(runner: Runner, table: Table) -> tuple[Table, Table]:
    """The rows that the runner takes, and those that it refuses, found by asking one by one.

    runner: the lighter of the two, which is the quicker to ask.
    """
    if _answer(runner, table) is not None:
        return table, part_of(table, 0, 0)
    singles = (part_of(table, row, row + 1) for row in range(table.count))
    takes = [_answer(runner, single) is not None for single in singles]
    return rows_of(table, takes), rows_of(table, [not taken for taken in takes])


def _spread(table: Table, most: int) -> list[Table]:
    """About so many single rows, evenly spaced."""
    step = max(1, table.count // most)
    return [part_of(table, row, row + 1) for row in range(0, table.count, step)]


def prove_one_by_one(runner: Runner, table: Table) -> None:
    """Raise CannotCompile unless a row is answered alike alone and among others."""
    step = max(1, table.count // SINGLE_ROWS)
    for part, expected in _answers(runner, table):
        for row in range(0, part.count, step):
            single = part_of(part, row, row + 1)
            among = None if expected is None else expected.part(row, row + 1)
            _compare(among, _answer(runner, single), single)


def has_independent_rows(runner: Runner, table: Table) -> bool:
    """Whether rows that the runner takes have the same answers, to the bit, in all company."""
    asked = ((single, _answer(runner, single)) for single in _spread(table, SINGLE_ROWS))
    alone = [(single, answer) for single, answer in asked if answer is not None]
    for size in COMPANY:
        for start in range(0, len(alone), size):
            group = alone[start : start + size]
            among = _answer(runner, joined([single for single, _ in group]))
            for place, (_, answer) in enumerate(group):
                if among is None or _bits(among.part(place, place + 1)) != _bits(answer):
                    return False
    return True


def _bits(scored: Scored) -> tuple[str, bytes | None]:
    shares = scored.as_matrix()
    return repr(scored.predictions), None if shares is None else shares.matrix.tobytes()


def _answers(original: Runner, table: Table) -> list[tuple[Table, Scored | None]]:
    """The answers of the original, in as few parts as what it refuses allows."""
    if not table.count:
        return []
    whole = _answer(original, table)
    if whole is not None or table.count == 1:
        return [(table, whole)]
    size = _CHUNK if table.count > _CHUNK else 1
    found: list[tuple[Table, Scored | None]] = []
    for start in range(0, table.count, size):
        found += _answers(original, part_of(table, start, min(start + size, table.count)))
    return found


def _answer(runner: Runner, table: Table) -> Scored | None:
    # A row that was made up to be odd makes many a model warn, which says nothing of the user's.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return runner.predict_table(table)
        except ModelFailed:
            return None


def _compare(expected: Scored | None, found: Scored | None, table: Table) -> float:
    if expected is None or found is None:
        if expected is found:
            return 0.0
        told = "takes" if found is not None else "refuses"
        raise CannotCompile(
            f"compiled, it {told} rows that it does not otherwise: {_shown(table, 0)}"
        )
    _compare_labels(expected.predictions, found.predictions, table)
    largest = _difference(expected.predictions, found.predictions, table)
    if (expected.probabilities is None) != (found.probabilities is None):
        raise CannotCompile("compiled, it has probabilities where it has none otherwise")
    if expected.probabilities is None or found.probabilities is None:
        return largest
    for label in expected.probabilities[0]:
        wanted = [row[label] for row in expected.probabilities]
        got = [row[label] for row in found.probabilities]
        largest = max(largest, _difference(wanted, got, table))
    return largest


def _compare_labels(expected: Sequence[Any], found: Sequence[Any], table: Table) -> None:
    for row, (wanted, got) in enumerate(zip(expected, found, strict=True)):
        if _is_number(wanted) and _is_number(got):
            continue
        if wanted != got or type(wanted) is not type(got):
            raise CannotCompile(
                f"compiled, it says {got!r} where {wanted!r} is right: {_shown(table, row)}"
            )


def _difference(expected: Sequence[Any], found: Sequence[Any], table: Table) -> float:
    """The largest relative difference of floats; raises CannotCompile beyond TOLERANCE."""
    if not any(isinstance(value, float) for value in expected):
        return 0.0
    wanted, got = _numbers(expected), _numbers(found)
    same = (wanted == got) | (np.isnan(wanted) & np.isnan(got))
    with np.errstate(all="ignore"):
        apart = np.where(same, 0.0, np.abs(wanted - got) / np.maximum(1.0, np.abs(wanted)))
    row = int(np.argmax(np.where(np.isnan(apart), np.inf, apart)))
    if not apart[row] <= TOLERANCE:
        raise CannotCompile(
            f"compiled, it says {float(got[row])!r} where {float(wanted[row])!r} is right: "
            f"{_shown(table, row)}"
        )
    return float(apart[row])


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, float)


def _numbers(values: Sequence[Any]) -> Any:
    """As an array, NaN for what is answered with null: None, NaN and infinity."""
    array = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return np.where(np.isfinite(array), array, np.nan)


def _shown(table: Table, row: int) -> str:
    text = repr([values[row] for values in table.columns])
    return text if len(text) <= 200 else text[:197] + "..."
