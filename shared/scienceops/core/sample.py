"""Sample: rows that come with a package and the answers a new version must give to them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scienceops.core.captures import Task
from scienceops.core.schema import Schema
from scienceops.errors import BadPackage, BadRows

SAMPLE = "sample.json"

#: A proof needs few rows, and every promotion scores them.
MOST_ROWS = 100

_KEYS = {"rows", "predictions", "probabilities"}
_FIX = "write it with `scienceops pack`, which scores the rows itself"


@dataclass(frozen=True)
class Sample:
    """Rows in schema order, the prediction of each, and its {class: share} if there are any."""

    rows: Sequence[Mapping[str, Any]]
    predictions: Sequence[Any]
    probabilities: Sequence[Mapping[str, float]] | None = None

    def to_document(self) -> dict[str, Any]:
        """The JSON object that `from_document` reads."""
        shares = self.probabilities
        return {
            "rows": [dict(row) for row in self.rows],
            "predictions": list(self.predictions),
            "probabilities": None if shares is None else [dict(row) for row in shares],
        }

    @classmethod
    def from_document(
        cls, document: object, *, schema: Schema, task: Task, classes: Sequence[str]
    ) -> "Sample":
        """Read and check it against what the package says of itself; raises BadPackage."""
        if not isinstance(document, dict) or set(document) - _KEYS or "rows" not in document:
            raise _bad(f"wanted an object with the keys {', '.join(sorted(_KEYS))}")
        try:
            rows = schema.check_rows(document["rows"])
        except BadRows as error:
            raise _bad(f"its rows break the schema: {error}") from None
        if len(rows) > MOST_ROWS:
            raise _bad(f"{len(rows)} rows, at most {MOST_ROWS} are kept")
        predictions = document.get("predictions")
        if not isinstance(predictions, list) or len(predictions) != len(rows):
            raise _bad(f"wanted one prediction for each of its {len(rows)} rows")
        if task == "regression" and not all(map(_is_number, predictions)):
            raise _bad("the predictions of a regression are numbers")
        probabilities = document.get("probabilities")
        if probabilities is not None:
            _check_probabilities(probabilities, len(rows), set(classes))
        return cls(rows, predictions, probabilities)


def _check_probabilities(probabilities: object, rows: int, classes: set[str]) -> None:
    if not isinstance(probabilities, list) or len(probabilities) != rows:
        raise _bad(f"wanted null or one object of probabilities for each of its {rows} rows")
    for index, row in enumerate(probabilities):
        if (
            not isinstance(row, dict)
            or set(row) != classes
            or not all(map(_is_number, row.values()))
        ):
            raise _bad(
                f"row {index}: wanted a number for each class of the manifest "
                f"({', '.join(sorted(classes)) or 'which names none'})"
            )


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        # A whole number that no float can hold.
        return False


def _bad(reason: str) -> BadPackage:
    return BadPackage(reason, file=SAMPLE, fix=_FIX)
