"""Waiting for a condition, with an end."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: Limits are written for an ordinary machine; one at a quarter of its speed gets there, too, and
#: only what never comes takes longer to be told.
PATIENCE = 4


def wait_for(
    look: Callable[[], T], until: Callable[[T], object] = bool, *, seconds: float = 30
) -> T:
    """What `look` returns once `until` holds for it; fails telling what it saw last."""
    end = time.monotonic() + PATIENCE * seconds
    while not until(seen := look()):
        assert time.monotonic() < end, f"still {seen!r} after {PATIENCE * seconds} s"
        time.sleep(0.02)
    return seen
