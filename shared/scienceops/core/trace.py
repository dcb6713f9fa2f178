"""Trace context: which request a line belongs to, across processes (W3C Trace Context 1).

https://www.w3.org/TR/trace-context-1/: `00-` trace id `-` span id `-` flags, in lower-case hex.
"""

import random
import re
from typing import NamedTuple

HEADER = "traceparent"
_ODD = frozenset("13579bdf")
_FORM = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?"
)


class Trace(NamedTuple):
    """One step of a trace. `parent` is the span that asked for it, empty for the first.

    sampled: whether whoever began the trace records it; each step then says what it did.
    """

    trace_id: str
    span_id: str
    sampled: bool
    parent: str = ""

    @property
    def header(self) -> str:
        """What the next process is told.

        >>> Trace("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", True).header
        '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
        """
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"

    @property
    def fields(self) -> dict[str, str]:
        """What a log line says of it, under the names that OpenTelemetry gives logs."""
        told = {"trace_id": self.trace_id, "span_id": self.span_id}
        return {**told, "parent_span_id": self.parent} if self.parent else told


def continue_trace(header: str) -> Trace | None:
    """A step of the caller's trace; None when the header is none that is valid.

    >>> found = continue_trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    >>> found.trace_id, found.parent, found.sampled
    ('4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', True)
    >>> continue_trace("00-00000000000000000000000000000000-00f067aa0ba902b7-01") is None
    True
    """
    found = _FORM.fullmatch(header)
    # A later version may add fields at its end, the first one may not.
    if found is None or (header.startswith("00") and len(header) != 55):
        return None
    trace_id, parent, flags = found.groups()
    return Trace(trace_id, _new_id(64), flags[1] in _ODD, parent)


def begin_trace(*, sampled: bool) -> Trace:
    """The first step of a new trace."""
    return Trace(_new_id(128), _new_id(64), sampled)


def _new_id(bits: int) -> str:
    # Ids open nothing, so what is quick will do; all zeros would be no id.
    return f"{random.getrandbits(bits) or 1:0{bits // 4}x}"
