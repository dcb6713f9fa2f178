"""Alert records: how each rule of a service stands, and what was sent of it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from scienceops.core.alerts import Rule
from scienceops.core.versions import Document

#: Waits between attempts: this doubled each time, to the longest that a queue can delay.
FIRST_WAIT_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 900.0
#: After this long without success an event is given up.
PATIENCE = timedelta(days=1)


class Alert(Document):
    """How one rule stands: each change of it counts `sequence` up and may be announced.

    content: what makes it the same alert as before; another one is announced anew.
    quiet: this change is not announced, since nobody was told of what it ends.
    """

    rule: Rule
    firing: bool = False
    content: str = ""
    details: Mapping[str, Any] = {}
    since: str = ""
    at: str = ""
    sequence: int = 0
    quiet: bool = False


class AlertDelivery(Document):
    """One event on its way to the receiver."""

    service: str
    rule: Rule
    sequence: int
    event: Mapping[str, Any]
    state: Literal["pending", "delivered", "given up"] = "pending"
    created_at: str
    #: When the next attempt is due.
    next_at: str
    attempts: int = 0
    reason: str = ""


def delivery_key(rule: str, sequence: int) -> str:
    """Key of the delivery of one change of an alert.

    >>> delivery_key("drift", 3)
    'alert-delivery/drift/000000003'
    """
    return f"alert-delivery/{rule}/{sequence:09d}"


def wait_seconds(attempts: int) -> float:
    """How long to wait after so many failed attempts.

    >>> [wait_seconds(n) for n in (1, 2, 3, 30)]
    [5.0, 10.0, 20.0, 900.0]
    """
    return min(FIRST_WAIT_SECONDS * 2.0 ** min(attempts - 1, 20), LONGEST_WAIT_SECONDS)


def is_hopeless(created_at: str, now: datetime) -> bool:
    """Whether an event has been tried for so long that it is given up.

    >>> is_hopeless("2026-11-23T09:00:00+00:00", datetime.fromisoformat("2026-11-24T08:00:00Z"))
    False
    """
    return now - datetime.fromisoformat(created_at) >= PATIENCE
