"""Patience: do something again while what it needs is away, and say so."""

import sys
import time
from collections.abc import Callable
from typing import TypeVar

from scienceops.errors import Unavailable

#: How long an engine or registry that went away is waited for.
PATIENCE_SECONDS = 60
PAUSE_SECONDS = 1.0

T = TypeVar("T")


def patiently(action: Callable[[], T]) -> T:
    """What the action gives, tried again while it raises Unavailable; at last its error."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return action()
        except Unavailable as error:
            if time.monotonic() > end:
                raise
            say(f"{error}; trying again")
            time.sleep(PAUSE_SECONDS)


def say(text: str) -> None:
    """One line of output, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
