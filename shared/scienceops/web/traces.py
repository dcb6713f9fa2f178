"""Traces of scoring calls: those that callers bring go on, others begin here."""

import logging
import time
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any

from scienceops.core.trace import Trace, begin_trace, continue_trace
from scienceops.spans import open_spans

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]

log = logging.getLogger(__name__)

ROLE = "scienceops-gateway"
#: Of the traces that begin here so many are recorded: enough to look at, at any rate of calls.
SECONDS_BETWEEN_SAMPLES = 1.0


class Traces:
    """The traces of one process's calls; from several threads at once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._next = 0.0
        self._spans = open_spans(ROLE)

    def of(self, header: str) -> Trace:
        """The step that this process takes for a call with this `traceparent`, or without one."""
        found = continue_trace(header) if header else None
        return found or begin_trace(sampled=self._is_due())

    def tell(self, trace: Trace, seconds: float, **facts: object) -> None:
        """A line and a span of a call whose trace is recorded, and nothing of any other.

        The step is the call of a scorer, so that its span is a client's: where a host has begun
        the trace, the request itself is the host's to tell.
        """
        if not trace.sampled:
            return
        told = {**facts, "milliseconds": round(seconds * 1000, 3)}
        log.info("call answered", extra={**trace.fields, **told})
        if self._spans is not None:
            self._spans.tell(trace, f"score {facts.get('service')}", "client", seconds, facts)

    def _is_due(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        with self._lock:
            if now < self._next:
                return False
            self._next = now + SECONDS_BETWEEN_SAMPLES
            return True


def follow_host(app: Wsgi) -> Wsgi:
    """The app on Azure Functions, whose host has begun a trace of the call, or gone on with one.

    It is told beside the request, and its step is the one to go on from.
    """

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        context = environ.get("azure_functions.trace_context")
        header = getattr(context, "trace_parent", "")
        if header:
            environ["HTTP_TRACEPARENT"] = header
        return app(environ, start_response)

    return call
