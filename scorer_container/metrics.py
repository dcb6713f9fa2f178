"""Metrics: counts of one worker in the Prometheus text format."""

import threading
from collections import Counter

from scienceops.core.schema import Schema
from scienceops.core.table import Table

#: Upper bounds of the latency buckets, in seconds.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """What one worker has done. `worker` tells the workers of a scorer apart."""

    def __init__(self, service: str, version: int, worker: str, schema: Schema) -> None:
        self._labels = f'service="{service}",version="{version}",worker="{worker}"'
        self._schema = schema
        self._lock = threading.Lock()
        self._requests: Counter[int] = Counter()
        self._buckets: Counter[float] = Counter()
        self._seconds = 0.0
        self._rows = 0
        self._captured = 0
        self._outside: Counter[tuple[str, str]] = Counter()

    def answered(self, status: int, seconds: float) -> None:
        """A scoring call was answered."""
        with self._lock:
            self._requests[status] += 1
            self._seconds += seconds
            self._buckets[next((b for b in BUCKETS if seconds <= b), float("inf"))] += 1

    def scored(self, table: Table, captured: bool) -> None:
        """Rows were scored; counts the values outside of what training had."""
        outside: Counter[tuple[str, str]] = Counter()
        for column, values in zip(self._schema.columns, table.columns, strict=True):
            low, high = column.minimum, column.maximum
            known = set(column.categories) if column.categories is not None else None
            for value in values:
                if value is None:
                    continue
                if known is not None and str(value) not in known:
                    outside[column.name, "new_category"] += 1
                elif (low is not None and value < low) or (high is not None and value > high):
                    outside[column.name, "out_of_range"] += 1
        with self._lock:
            self._rows += table.count
            self._captured += table.count if captured else 0
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
            for bound in (*BUCKETS, float("inf")):
                total += self._buckets[bound]
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


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
