"""Spans: the recorded steps of traces, sent by OpenTelemetry's SDK to where the environment says.

Nothing of OpenTelemetry is imported unless one of its standard variables, or that of Application
Insights, names a place (docs/decisions/0015).
"""

import logging
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from scienceops import __version__
from scienceops.config import SpansPlace, spans_place
from scienceops.core.trace import Trace

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import SpanContext

log = logging.getLogger(__name__)

Kind = Literal["client", "server"]


class Spans:
    """Sends the spans of one process, in batches and from a thread of its own.

    What cannot be sent is dropped: a call neither waits for a collector nor fails by it.
    """

    def __init__(self, provider: "TracerProvider", ids: "threading.local") -> None:
        self._tracer = provider.get_tracer("scienceops", __version__)
        self._ids = ids

    def tell(
        self, trace: Trace, name: str, kind: Kind, seconds: float, facts: Mapping[str, object]
    ) -> None:
        """A step that has just ended, `seconds` after it began. facts: its log line's fields."""
        from opentelemetry.context import Context
        from opentelemetry.trace import (
            NonRecordingSpan,
            SpanKind,
            Status,
            StatusCode,
            set_span_in_context,
        )

        ended = time.time_ns()
        # An empty context, for a host may have opened one that is not the caller's.
        within = Context()
        if trace.parent:
            parent = _context_of(trace.trace_id, trace.parent)
            within = set_span_in_context(NonRecordingSpan(parent), within)
        self._ids.trace = trace
        span = self._tracer.start_span(
            name,
            within,
            SpanKind.CLIENT if kind == "client" else SpanKind.SERVER,
            attributes_of(facts),
            start_time=ended - int(seconds * 1e9),
        )
        status = facts.get("status")
        if isinstance(status, int) and status >= 500:
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended)


def attributes_of(facts: Mapping[str, object]) -> dict[str, str | int | float]:
    """The fields of a line under the names that OpenTelemetry has for them, else under our own.

    >>> attributes_of({"status": 200, "service": "iris", "request_id": None})
    {'http.request.method': 'POST', 'http.response.status_code': 200, 'scienceops.service': 'iris'}
    """
    found: dict[str, str | int | float] = {"http.request.method": "POST"}
    for name, value in facts.items():
        if isinstance(value, str | int):
            known = "http.response.status_code" if name == "status" else f"scienceops.{name}"
            found[known] = value
    return found


def open_spans(role: str) -> Spans | None:
    """Where this process sends its spans; None when nothing says where, or it cannot.

    role: what the process is known as, such as `scienceops-scorer`.
    """
    place = spans_place()
    if not place.kind:
        return None
    if place.refused:
        log.warning("spans not sent", extra={"reason": place.refused})
        return None
    try:
        return _open(role, place)
    except ImportError as error:
        # A scorer of an image that was built without it scores all the same.
        log.warning("spans not sent", extra={"reason": f"{error}, but {place.variable} is set"})
        return None


def _open(role: str, place: SpansPlace) -> Spans:
    from multiprocessing.util import Finalize

    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.id_generator import IdGenerator
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON

    given = threading.local()

    class OurIds(IdGenerator):
        """The ids that header, log lines and capture have told already."""

        def generate_trace_id(self) -> int:
            return int(given.trace.trace_id, 16)

        def generate_span_id(self) -> int:
            return int(given.trace.span_id, 16)

    exporter = _open_exporter(place)
    # Whether a trace is recorded was decided where it began; of others nothing is told.
    provider = TracerProvider(
        ALWAYS_ON,
        Resource.create({"service.name": role, "service.version": __version__}),
        shutdown_on_exit=False,
        id_generator=OurIds(),
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    # What waits is sent at the end; unlike atexit, this runs at the end of a server's workers, too.
    Finalize(None, provider.shutdown, exitpriority=0)
    return Spans(provider, given)


def _open_exporter(place: SpansPlace) -> "SpanExporter":
    if place.kind == "otlp":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return OTLPSpanExporter()
    from azure.monitor.opentelemetry.exporter import AzureMonitorTraceExporter

    # Spans that wait for a better day would fill a small disk.
    return AzureMonitorTraceExporter(disable_offline_storage=True)


def _context_of(trace_id: str, span_id: str) -> "SpanContext":
    from opentelemetry.trace import SpanContext, TraceFlags

    flags = TraceFlags(TraceFlags.SAMPLED)
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=flags)
