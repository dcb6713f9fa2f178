"""Partials: what is kept of one column of one chunk; merging them in any order gives the day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from scienceops.core.stats.category import Labels
from scienceops.core.stats.hashing import HashArray, hash_numbers, hash_strings
from scienceops.core.stats.numeric import Numbers
from scienceops.core.stats.sketches import DistinctSketch, FloatArray

Kind = Literal["number", "category", "text", "time"]

NO_EDGES: FloatArray = np.zeros(0)


@dataclass(frozen=True, eq=False)
class ColumnPartial:
    """Partial of one column.

    numbers: of a number's values, or of a text's lengths in characters. labels: of a category.
    A time has neither: it is counted, and its distinct values estimated.
    """

    kind: Kind
    rows: int
    missing: int
    distinct: DistinctSketch
    numbers: Numbers | None = None
    labels: Labels | None = None

    @property
    def count(self) -> int:
        """Rows that have a value."""
        return self.rows - self.missing


def summarise_numbers(
    values: FloatArray, keys: HashArray, edges: FloatArray = NO_EDGES
) -> ColumnPartial:
    """Partial of a number column; NaN is a missing value.

    values, keys: shape (rows,). edges: training bins, or none.

    >>> part = summarise_numbers(np.array([1.0, np.nan]), np.arange(2, dtype=np.uint64))
    >>> part.rows, part.missing, part.numbers.maximum
    (2, 1, 1.0)
    """
    present = ~np.isnan(values)
    rows, count = len(values), int(np.count_nonzero(present))
    if count < rows:
        values, keys = values[present], keys[present]
    numbers = Numbers.of(values, keys, edges)
    return ColumnPartial("number", rows, rows - count, _distinct(values, numbers), numbers=numbers)


def _distinct(values: FloatArray, numbers: Numbers) -> DistinctSketch:
    if numbers.order.exact and not numbers.infinite:
        return DistinctSketch.of_distinct(hash_numbers(numbers.order.values))
    return DistinctSketch.of(hash_numbers(values))


def summarise_labels(
    counts: Mapping[str, int], missing: int, pinned: Iterable[str] = ()
) -> ColumnPartial:
    """Partial of a category column from its rows per label; "" is a label, not a missing value.

    >>> summarise_labels({"": 2, "ø": 1}, missing=1).count
    3
    """
    seen = [label for label, count in counts.items() if count]
    distinct = DistinctSketch.of_distinct(hash_strings(seen))
    rows = sum(counts.values()) + missing
    labels = Labels.of(counts, pinned)
    return ColumnPartial("category", rows, missing, distinct, labels=labels)


def summarise_text(
    lengths: FloatArray, hashes: HashArray, keys: HashArray, edges: FloatArray = NO_EDGES
) -> ColumnPartial:
    """Partial of a text column: its lengths as numbers, and how many texts are distinct.

    lengths: shape (rows,), in characters, NaN where missing. hashes: of the texts that are there.
    """
    as_number = summarise_numbers(lengths, keys, edges)
    return ColumnPartial(
        "text",
        as_number.rows,
        as_number.missing,
        DistinctSketch.of(hashes),
        numbers=as_number.numbers,
    )


def summarise_times(rows: int, hashes: HashArray) -> ColumnPartial:
    """Partial of a time column; hashes: of the times that are there."""
    return ColumnPartial("time", rows, rows - len(hashes), DistinctSketch.of(hashes))


def merge(parts: Sequence[ColumnPartial]) -> ColumnPartial:
    """Partial of all rows together. All at once loses least: each merge may thin the order.

    Raises ValueError for parts of different kinds.
    """
    first = parts[0]
    if len(parts) == 1:
        return first
    if any(part.kind != first.kind for part in parts):
        kinds = sorted({part.kind for part in parts})
        raise ValueError(f"partials of kinds {', '.join(kinds)} do not merge: one column, one kind")
    numbers = [part.numbers for part in parts if part.numbers is not None]
    labels = [part.labels for part in parts if part.labels is not None]
    return ColumnPartial(
        kind=first.kind,
        rows=sum(part.rows for part in parts),
        missing=sum(part.missing for part in parts),
        distinct=DistinctSketch.merge([part.distinct for part in parts]),
        numbers=Numbers.merge(numbers) if numbers else None,
        labels=Labels.merge(labels) if labels else None,
    )


def merge_columns(
    parts: Sequence[Mapping[str, ColumnPartial]],
) -> dict[str, ColumnPartial]:
    """Partials of a whole table, column by column; every part has the same columns."""
    return {name: merge([part[name] for part in parts]) for name in parts[0]}
