"""Lingering: a connection is closed once its client has had time to read the last answer.

To close before all is read that the client sends takes back what was sent to it. Source: RFC 9112,
section 9.6.
"""

from collections.abc import Callable
from typing import Any

#: What is still read, and thrown away, of a client that was told the last.
DRAINED_BYTES = 64 * 1024 * 1024
#: How often it is looked whether it goes on sending, and the most looks.
LOOK_SECONDS = 2.0
MOST_LOOKS = 30


def linger(transport: Any, later: Callable[..., None], drained: Callable[[], int]) -> None:
    """Send no more, and close once the client is silent.

    later: (seconds, act, values) acts after so many seconds. drained: bytes that came by now.
    """
    transport.write_eof()
    later(LOOK_SECONDS, _look, transport, later, drained, drained(), MOST_LOOKS)


def _look(
    transport: Any,
    later: Callable[..., None],
    drained: Callable[[], int],
    before: int,
    looks: int,
) -> None:
    if transport.is_closing():
        return
    if transport.get_write_buffer_size():
        # Whether it is read at all is looked at elsewhere.
        looks += 1
    elif looks == 0 or drained() == before:
        transport.abort()
        return
    later(LOOK_SECONDS, _look, transport, later, drained, drained(), looks - 1)
