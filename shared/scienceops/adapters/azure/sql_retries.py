"""SQL retries: which errors of Azure SQL pass by themselves, and how long they are waited for."""

import logging
import random
import re
import time
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from scienceops.errors import StatisticsUnavailable

log = logging.getLogger(__name__)

T = TypeVar("T")

#: A serverless database that was paused takes about a minute to its first answer.
PATIENCE_SECONDS = 90
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 15.0

#: Source: Microsoft, "Troubleshoot transient connection errors in SQL Database" and the lists of
#: its client libraries: the database moves, wakes, is throttled, or the connection was cut.
TRANSIENT_ERRORS = frozenset(
    {
        *(1204, 1205, 1222),  # Locks: none left, deadlock, timed out.
        *(4060, 4221),  # Database or replica not to be opened yet.
        *(10053, 10054, 10060, 10928, 10929, 10936),  # Connection cut, timed out; resource limits.
        *(40143, 40197, 40501, 40540, 40613, 40648),  # Moved, busy, waking.
        *(42108, 42109, 42119),  # A paused pool, free units used up for now.
        *(49918, 49919, 49920),  # Too many operations in progress.
    }
)
#: Link failure, no connection, time-outs.
TRANSIENT_STATES = ("08S01", "08001", "08003", "08007", "HYT00", "HYT01")

_NUMBER = re.compile(r"\((\d{3,6})\)")
_STATE = re.compile(r"\[([0-9A-Z]{5})\]|^([0-9A-Z]{5})$")


class SqlRetries:
    """Carries out a transaction, again while its error is one that passes."""

    def __init__(
        self,
        place: str,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._place = place
        self._patience = patience_seconds
        self._sleep = sleep

    def __call__(self, step: Callable[[], T]) -> T:
        """What the step returns.

        It may have been carried out before, its answer lost. Raises StatisticsUnavailable when the
        database could not be reached within the time given; other errors rise untouched.
        """
        waited = 0.0
        wait = FIRST_WAIT_SECONDS
        while True:
            try:
                return step()
            except sa.exc.DBAPIError as error:
                if not is_transient(error):
                    raise
                if waited + wait > self._patience:
                    raise StatisticsUnavailable(self._place, str(error.orig)) from error
                log.warning(
                    "statistics database asked again",
                    extra={"place": self._place, "error": str(error.orig), "wait_seconds": wait},
                )
            # Spread out, since every function of an installation meets the same failure.
            self._sleep(wait * random.uniform(0.75, 1.0))
            waited += wait
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)


def is_transient(error: sa.exc.DBAPIError) -> bool:
    """Whether the same step may succeed a little later."""
    told = [str(part) for part in getattr(error.orig, "args", ())]
    states = {state for text in told for pair in _STATE.findall(text) for state in pair}
    numbers = {int(number) for text in told for number in _NUMBER.findall(text)}
    return bool(numbers & TRANSIENT_ERRORS) or not states.isdisjoint(TRANSIENT_STATES)
