"""Metrics: counts of one worker in the Prometheus text format."""

import math
import threading
from bisect import bisect_left
from collections import Counter
from typing import Any

from scienceops.core.schema import Schema
from scienceops.core.table import Table

#: Upper bounds of the latency buckets, in seconds.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """What one worker has done. `worker` tells the workers of a scorer apart."""

    def __init__(self, service: str, version: int, worker: str, schema: Schema) -> None:
        self._labels = f'service="{service}",version="{version}",worker="{worker}"'
        #: (column, known categories, smallest, largest, place) of those that have any.
        self._watched = [
            (
                c.name,
                None if c.categories is None else frozenset(c.categories),
                -math.inf if c.minimum is None else c.minimum,
                math.inf if c.maximum is None else c.maximum,
                place,
            )
            for place, c in enumerate(schema.columns)
            if c.categories is not None or c.minimum is not None or c.maximum is not None
        ]
        self._lock = threading.Lock()
        self._requests: Counter[int] = Counter()
        self._buckets: Counter[int] = Counter()
        self._seconds = 0.0
        self._rows = 0
        self._captured = 0
        self._outside: Counter[tuple[str, str]] = Counter()

    def answered(self, status: int, seconds: float) -> None:
        """A scoring call was answered."""
        with self._lock:
            self._requests[status] += 1
            self._seconds += seconds
            self._buckets[bisect_left(BUCKETS, seconds)] += 1

    def scored(self, table: Table, captured: bool) -> None:
        """Rows were scored; counts the values outside of what training had."""
        outside: Counter[tuple[str, str]] | None = None
        columns, is_one = table.columns, table.count == 1
        for name, known, low, high, place in self._watched:
            values = columns[place]
            if not is_one:
                usual = _usual(values, known, low, high)
            elif known is not None:
                usual = values[0] in known
            else:
                usual = values[0] is not None and low <= values[0] <= high
            if usual:
                continue
            # Seldom needed, and dear for a call of one row.
            outside = outside or Counter()
            for value in values.tolist() if hasattr(values, "tolist") else values:
                if value is not None and (what := _unusual(value, known, low, high)):
                    outside[name, what] += 1
        with self._lock:
            self._rows += table.count
            self._captured += table.count if captured else 0
            if outside:
                self._outside += outside

    def text(self, spool_bytes: int) -> str:
        """Everything, as Prometheus reads it."""
        with self._lock:
            lines = ["# TYPE scienceops_requests_total counter"]
            lines += [
                f'scienceops_requests_total{{{self._labels},status="{status}"}} {count}'
                for status, count in sorted(self._requests.items())
            ]
            lines.append("# TYPE scienceops_request_seconds histogram")
            total = 0
            for bucket, bound in enumerate((*BUCKETS, float("inf"))):
                total += self._buckets[bucket]
                shown = "+Inf" if bound == float("inf") else f"{bound:g}"
                lines.append(
                    f'scienceops_request_seconds_bucket{{{self._labels},le="{shown}"}} {total}'
                )
            lines += [
                f"scienceops_request_seconds_sum{{{self._labels}}} {self._seconds!r}",
                f"scienceops_request_seconds_count{{{self._labels}}} {total}",
            ]
            for name, kind, value in (
                ("rows_total", "counter", self._rows),
                ("captured_rows_total", "counter", self._captured),
                ("spool_bytes", "gauge", spool_bytes),
            ):
                lines.append(f"# TYPE scienceops_{name} {kind}")
                lines.append(f"scienceops_{name}{{{self._labels}}} {value}")
            lines.append("# TYPE scienceops_unusual_values_total counter")
            for (column, what), count in sorted(self._outside.items()):
                place = f'{self._labels},column="{_escaped(column)}",what="{what}"'
                lines.append(f"scienceops_unusual_values_total{{{place}}} {count}")
        return "\n".join(lines) + "\n"


def _usual(values: Any, known: frozenset[str] | None, low: float, high: float) -> bool:
    """Whether a look at all of a column, a sequence or an array, finds nothing unusual."""
    if known is not None:
        return known.issuperset(values)
    try:
        if hasattr(values, "tolist"):
            return bool(low <= values.min() and values.max() <= high)
        return bool(low <= min(values) and max(values) <= high)
    except TypeError:
        # Some are missing.
        return False


def _unusual(value: Any, known: frozenset[str] | None, low: float, high: float) -> str:
    """What is unusual about a value, empty if nothing is."""
    if known is not None and str(value) not in known:
        return "new_category"
    return "" if known is not None or low <= value <= high else "out_of_range"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
