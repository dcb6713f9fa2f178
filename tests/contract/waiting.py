"""Waiting for a condition, with an end."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(
    look: Callable[[], T], until: Callable[[T], object] = bool, *, seconds: float = 30
) -> T:
    """What `look` returns once `until` holds for it; fails telling what it saw last."""
    end = time.monotonic() + seconds
    while not until(seen := look()):
        assert time.monotonic() < end, f"still {seen!r} after {seconds} s"
        time.sleep(0.02)
    return seen
