"""Guarded: steps that are taken one after the other, so that one that fails holds up no other."""

import logging
from collections.abc import Callable

log = logging.getLogger(__name__)


class Guarded:
    """Takes steps, logs those that fail with the service they were for, and tells at the end.

    >>> guarded = Guarded()
    >>> guarded.take("counted", "iris", lambda: None)
    >>> guarded.errors
    []
    """

    def __init__(self) -> None:
        self.errors: list[Exception] = []

    def take(self, step: str, service: str, action: Callable[[], object]) -> None:
        """Take one step; what it raises is logged and kept."""
        try:
            action()
        except Exception as error:  # What ails one service must not stop the others.
            log.exception("step of the clock failed", extra={"step": step, "service": service})
            error.add_note(f"while {step} of {service or 'the platform'}")
            self.errors.append(error)

    def tell(self) -> None:
        """Raise what the steps raised, so that whoever watches for errors sees that there were."""
        if self.errors:
            raise ExceptionGroup("steps of the clock failed; each was logged", self.errors)
