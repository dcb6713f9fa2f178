"""Baseline: the statistics of the training data that every day is compared with."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from scienceops.core.stats import partials
from scienceops.core.stats.hashing import hash_strings, sequence_keys
from scienceops.core.stats.numeric import training_bins
from scienceops.core.stats.partials import ColumnPartial, Kind
from scienceops.core.stats.sketches import FloatArray

Values = Sequence[Any] | npt.NDArray[Any]


@dataclass(frozen=True)
class Baseline:
    """Partials of the training columns, with the bins that every later day is counted in."""

    columns: Mapping[str, ColumnPartial]

    def to_parquet(self) -> bytes:
        """The baseline as a Parquet file, one row per column."""
        from scienceops.core.stats.codec import to_parquet

        return to_parquet(self.columns)

    @classmethod
    def from_parquet(cls, data: bytes) -> "Baseline":
        """Read what `to_parquet` wrote; raises BadPackage for anything else."""
        from scienceops.core.stats.codec import from_parquet

        return cls(from_parquet(data))

    def edges(self, column: str, kind: Kind) -> FloatArray:
        """The training bins of a column; none when it was not there, or of another kind."""
        part = self.column(column, kind)
        return partials.NO_EDGES if part is None or part.numbers is None else part.numbers.edges

    def labels(self, column: str, kind: Kind) -> frozenset[str]:
        """The labels that a category had in training."""
        part = self.column(column, kind)
        return frozenset() if part is None or part.labels is None else frozenset(part.labels.counts)

    def column(self, name: str, kind: Kind) -> ColumnPartial | None:
        """The partial of a training column, or None when it was not there or of another kind."""
        part = self.columns.get(name)
        return part if part is not None and part.kind == kind else None


def build_baseline(columns: Mapping[str, Values], kinds: Mapping[str, Kind]) -> Baseline:
    """The baseline of training columns.

    columns: name -> values, shape (rows,). kinds: name -> how to treat it, for every column.
    None and NaN are missing. Labels are the text of their values: True is "True", 1 is "1".

    >>> baseline = build_baseline({"age": [30, None, 50]}, {"age": "number"})
    >>> baseline.columns["age"].numbers.moments.mean, baseline.columns["age"].missing
    (40.0, 1)
    """
    return Baseline({name: _summarise(values, kinds[name]) for name, values in columns.items()})


def _summarise(values: Values, kind: Kind) -> ColumnPartial:
    if kind == "number":
        numbers = _as_floats(values)
        return _with_bins(partials.summarise_numbers(numbers, sequence_keys(len(numbers))))
    texts = [None if _is_missing(value) else str(value) for value in values]
    present = [text for text in texts if text is not None]
    if kind == "category":
        return partials.summarise_labels(
            Counter(present), len(texts) - len(present), pinned=set(present)
        )
    hashes = hash_strings(present)
    if kind == "time":
        return partials.summarise_times(len(texts), hashes)
    lengths = np.array([np.nan if text is None else len(text) for text in texts], dtype=np.float64)
    return _with_bins(partials.summarise_text(lengths, hashes, sequence_keys(len(texts))))


def _with_bins(part: ColumnPartial) -> ColumnPartial:
    """The partial with training bins, chosen from its own values, and its counts in them."""
    numbers = part.numbers
    if numbers is None or numbers.moments.count == 0:
        return part
    edges = training_bins(numbers.order, numbers.minimum, numbers.maximum)
    return replace(part, numbers=numbers.rebinned(edges))


def _as_floats(values: Values) -> FloatArray:
    array = np.asarray(values)
    if array.dtype.kind in "biuf":
        return array.astype(np.float64)
    return np.array(
        [np.nan if _is_missing(value) else float(value) for value in values], dtype=np.float64
    )


def _is_missing(value: object) -> bool:
    # NaN and NaT are the values that differ from themselves; pandas' NA has no truth value.
    if value is None:
        return True
    try:
        return bool(value != value)  # noqa: PLR0124  # The one test that needs no pandas.
    except (TypeError, ValueError):
        return True
