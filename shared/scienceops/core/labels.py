"""Labels: the truth that arrives later, as lines of JSON in the bucket. The latest wins."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scienceops.core.captures import Task
from scienceops.errors import BadInput, BadLabels

#: Rows are numbered so in captures, by 32 bits.
LAST_ROW = 2**31 - 1

Value = float | str
#: (request id, row) -> label.
Known = dict[tuple[str, int], Value]


@dataclass(frozen=True)
class Label:
    """What one scored row turned out to be."""

    request_id: str
    row: int
    label: Value
    by: str

    def to_line(self) -> bytes:
        """One line of a label object."""
        return json.dumps(asdict(self), separators=(",", ":")).encode() + b"\n"


def told_unmatched(count: int) -> str:
    """That so many labels count nowhere, and why that may be.

    >>> told_unmatched(1)[:54]
    '1 label found no captured row, and so counts nowhere: '
    """
    labels, counts = ("1 label", "counts") if count == 1 else (f"{count} labels", "count")
    return (
        f"{labels} found no captured row, and so {counts} nowhere: the request had no such row "
        "(they are counted from 0), its call was not captured, or its rows have yet to arrive"
    )


def read_lines(content: bytes, task: Task | None = None) -> Known:
    """What a label object says; raises BadLabels saying what is wrong with it.

    task: of the version, if it is known: what its labels are.

    >>> lines = [Label("a", 0, "up", "eva").to_line(), Label("a", 0, "down", "eva").to_line()]
    >>> read_lines(b"".join(lines))
    {('a', 0): 'down'}
    """
    known: Known = {}
    for number, line in enumerate(content.splitlines(), 1):
        try:
            found = json.loads(line)
            label = found["label"]
            label = check_label(label, task or _task_of(label))
            known[_identity(found["request_id"]), check_row(found["row"])] = label
        except (ValueError, LookupError, TypeError, RecursionError, BadInput) as error:
            raise BadLabels(f"its line {number} is no label ({error})") from error
    return known


def _identity(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"request_id {value!r:.80}: wanted text")
    # Half a character is none.
    value.encode()
    return value


def _task_of(label: object) -> Task:
    return "classification" if isinstance(label, str) else "regression"


def check_label(value: object, task: Task) -> Value:
    """The label as it is kept: a finite number for regression, the text of it otherwise.

    >>> check_label(3, "regression"), check_label(True, "classification")
    (3.0, 'True')
    """
    if task == "regression":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadInput(f"label {value!r:.80}: wanted a number")
        if not _is_finite(value):
            raise BadInput(f"label {value!r:.80}: wanted a finite number")
        return float(value)
    if not isinstance(value, str | int | float | bool) or value == "":
        raise BadInput(f"label {value!r:.80}: wanted a class")
    # NaN is what a table has where a label is missing, and would be a class of its own.
    if not isinstance(value, str) and not _is_finite(value):
        raise BadInput(f"label {value!r:.80}: wanted a class; leave out rows without a label")
    return str(value)


def check_row(value: object) -> int:
    """The place of the row in its request, counted from 0; raises BadInput.

    >>> check_row(2)
    2
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LAST_ROW:
        raise BadInput(
            f"row {value!r:.80}: wanted its place in the request, counted from 0 to {LAST_ROW}"
        )
    return value


def new_classes(labels: Sequence[Value], classes: Sequence[str]) -> list[str]:
    """Classes among the labels that the model does not know, sorted.

    >>> new_classes(["a", "c", "c"], ["a", "b"])
    ['c']
    """
    return sorted({str(label) for label in labels} - set(classes)) if classes else []


def fields_of(item: object) -> Mapping[str, Any]:
    """The item when it has the fields of a label and no others; raises BadInput."""
    if not isinstance(item, dict) or not {"request_id", "label"} <= set(item):
        raise BadInput(f'{item!r}: wanted {{"request_id": ..., "row": 0, "label": ...}}')
    unknown = sorted(set(item) - {"request_id", "row", "label"})
    if unknown:
        raise BadInput(f"unknown field {unknown[0]!r}: wanted request_id, row and label")
    return item


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        # A whole number that no float holds.
        return False
