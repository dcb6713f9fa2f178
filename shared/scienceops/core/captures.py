"""Capture records: what is kept of every scored row, and how a Parquet segment names it.

A segment's columns, in order: those of META, then `input.<column>` for each schema column, then
`prediction`, then `probability.<class>` for each class. All segments of one version agree.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from scienceops.core.names import PREDICTION
from scienceops.core.schema import Schema

Task = Literal["classification", "regression", "custom"]
CaptureMode = Literal["durable", "synced", "stored", "buffered", "off"]

#: Of a client's own id for a call, so many characters are kept.
LONGEST_CORRELATION = 200

#: Column name -> Arrow type, as text.
META: dict[str, str] = {
    "request_id": "string",
    "row": "int32",
    "captured_at": "timestamp[us, tz=UTC]",
    "service": "string",
    "version": "int32",
    "package_digest": "string",
    "correlation_id": "string",
    "latency_ms": "float64",
}

INPUT_PREFIX = "input."
PROBABILITY_PREFIX = "probability."

_ARROW = {
    "number": "float64",
    "integer": "int64",
    "boolean": "bool",
    "string": "string",
    "datetime": "string",
}


@dataclass(frozen=True)
class CaptureLayout:
    """The columns of one version's segments: name -> Arrow type as text."""

    task: Task
    schema: Schema
    classes: tuple[str, ...] = ()

    @property
    def columns(self) -> dict[str, str]:
        """Every column in order. A regression's prediction is float64, any other is a string."""
        columns = dict(META)
        columns.update((INPUT_PREFIX + c.name, _ARROW[c.type]) for c in self.schema.columns)
        columns[PREDICTION] = "float64" if self.task == "regression" else "string"
        columns.update((PROBABILITY_PREFIX + name, "float64") for name in self.classes)
        return columns


# Not frozen: each call makes one, and a frozen one takes three times as long to make.
@dataclass(slots=True)
class CapturedCall:
    """One acknowledged call: what was common to its rows, and the rows.

    captured_at: in UTC. columns: values of each schema column, in its order.
    predictions have one item per row; probabilities: class -> share of every row, None in rows
    that have none of it, and None in all when the model gives none.
    """

    request_id: str
    captured_at: datetime
    correlation_id: str | None
    latency_ms: float
    columns: Sequence[Sequence[Any]]
    predictions: Sequence[Any]
    probabilities: Mapping[str, Sequence[float | None]] | None = None


def input_column(name: str) -> str:
    """Segment column of an input.

    >>> input_column("age")
    'input.age'
    """
    return INPUT_PREFIX + name


def prediction_text(prediction: Any) -> str:
    """A prediction that is no number as captures and the baseline have it.

    >>> prediction_text({"up": True}), prediction_text(1.0)
    ('{"up": true}', '1.0')
    """
    return json.dumps(prediction) if isinstance(prediction, dict | list) else str(prediction)
