"""MessageQueue: named queues that deliver at least once, in any order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

#: After this many deliveries that nobody acknowledged, a message is set aside.
MAX_ATTEMPTS = 5

#: Of messages that were set aside; those that are sent anew have all attempts before them.
Then = Literal["keep", "resend", "delete"]


@dataclass(frozen=True)
class Delivery:
    """One delivery of one message. `receipt` is good for this delivery alone."""

    queue: str
    receipt: str
    body: Mapping[str, Any]
    attempts: int


class MessageQueue(Protocol):
    """Bodies are JSON objects up to 48 KiB as text; a larger one raises BadInput."""

    def send(self, queue: str, body: Mapping[str, Any], *, delay_seconds: float = 0) -> None:
        """Store the message; it can be received once `delay_seconds` (0 to 900) have passed."""
        ...

    def receive(
        self, queue: str, *, most: int = 10, visibility_seconds: float = 60
    ) -> list[Delivery]:
        """Up to `most` messages, hidden from other receivers for `visibility_seconds`.

        Does not wait. A message that was received MAX_ATTEMPTS times without being acknowledged
        is set aside instead of being delivered again.
        """
        ...

    def acknowledge(self, delivery: Delivery) -> None:
        """Delete the message; nothing happens when the receipt is no longer good."""
        ...

    def release(self, delivery: Delivery, *, delay_seconds: float = 0) -> None:
        """Make the message receivable again after `delay_seconds`; a stale receipt does nothing."""
        ...

    def set_aside(self, queue: str, *, then: Then = "keep") -> list[Mapping[str, Any]]:
        """Bodies of the messages that were set aside, oldest first (at most 100).

        then: what becomes of them. One that is no message of ours is not sent: it is not among
        those that were, and stays. Who dies half way may have sent one that is still set aside.
        """
        ...

    def depth(self, queue: str) -> int:
        """How many messages wait or are being worked on, those set aside not counted (may lag)."""
        ...
