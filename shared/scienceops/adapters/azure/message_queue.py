"""StorageMessageQueue: storage queues, whose messages the host of Azure Functions reads too.

Text is base64, as the host expects it. What was delivered MAX_ATTEMPTS times goes to NAME-poison,
which is where the host puts it as well, so both may work on one queue. Queues are made when the
installation is deployed, never here.
"""

import base64
import binascii
import json
import logging
import math
from collections.abc import Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import HttpResponseError

from scienceops.core.messages import encode_body
from scienceops.errors import BadInput
from scienceops.ports.message_queue import MAX_ATTEMPTS, Delivery, Then

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.storage.queue import QueueMessage, QueueServiceClient

log = logging.getLogger(__name__)

LONGEST_DELAY_SECONDS = 900
POISON = "-poison"
#: The most that the service hands out, or lets one look at, in one call.
BATCH = 32
MOST_SET_ASIDE = 100
#: How long one that is cleared is hidden from others that clear, should this one die meanwhile.
_LOOK_SECONDS = 30
#: Without it a message is deleted after seven days.
FOR_EVER = -1

_GONE = ("MessageNotFound", "PopReceiptMismatch")


def receipt_of(message_id: str, pop_receipt: str) -> str:
    """The receipt of a delivery, here or to a function.

    >>> receipt_of("1", "AgAAAA")
    '1 AgAAAA'
    """
    return f"{message_id} {pop_receipt}"


class StorageMessageQueue:
    """MessageQueue on one storage account."""

    def __init__(self, service: "QueueServiceClient") -> None:
        self._queue = lru_cache(service.get_queue_client)

    def send(self, queue: str, body: Mapping[str, Any], *, delay_seconds: float = 0) -> None:
        """Store the message."""
        self._queue(queue).send_message(
            _encode(encode_body(body)),
            visibility_timeout=_whole_delay(delay_seconds),
            time_to_live=FOR_EVER,
        )

    def receive(
        self, queue: str, *, most: int = 10, visibility_seconds: float = 60
    ) -> list[Delivery]:
        """Claim what is due; set aside what was tried too often, and what is no message of ours."""
        deliveries: list[Delivery] = []
        while len(deliveries) < most:
            wanted = min(BATCH, most - len(deliveries))
            claimed = self._claim(queue, wanted, visibility_seconds)
            deliveries += [d for message in claimed for d in self._read(queue, message)]
            if len(claimed) < wanted:
                break
        return deliveries

    def acknowledge(self, delivery: Delivery) -> None:
        """Delete the message if the receipt is still good."""
        message_id, pop_receipt = delivery.receipt.split(" ")
        with _unless_gone():
            self._queue(delivery.queue).delete_message(message_id, pop_receipt)

    def release(self, delivery: Delivery, *, delay_seconds: float = 0) -> None:
        """Make the message due again, if the receipt is still good."""
        delay = _whole_delay(delay_seconds)
        message_id, pop_receipt = delivery.receipt.split(" ")
        with _unless_gone():
            self._queue(delivery.queue).update_message(
                message_id, pop_receipt, visibility_timeout=delay
            )

    def set_aside(self, queue: str, *, then: Then = "keep") -> list[Mapping[str, Any]]:
        """Bodies of what was set aside; to be kept the oldest 32, since the service shows no more
        at once. Of two that take them at once, each may take a part."""
        poison = self._queue(queue + POISON)
        if then == "keep":
            return [_body(message) for message in poison.peek_messages(max_messages=BATCH)]
        taken = []
        for message in self._claim(queue + POISON, MOST_SET_ASIDE, _LOOK_SECONDS):
            with _unless_gone():
                if then == "resend" and _decode(message.content) is None:
                    poison.update_message(message, visibility_timeout=0)
                    continue
                if then == "resend":
                    self._queue(queue).send_message(message.content, time_to_live=FOR_EVER)
                poison.delete_message(message)
            taken.append(_body(message))
        return taken

    def depth(self, queue: str) -> int:
        """About how many messages there are, hidden ones included."""
        return int(self._queue(queue).get_queue_properties().approximate_message_count or 0)

    def _claim(self, queue: str, most: int, hidden_seconds: float) -> "list[QueueMessage]":
        """So many as they stand, or all there are: one call for each BATCH."""
        hidden = max(1, math.ceil(hidden_seconds))
        found = self._queue(queue).receive_messages(
            max_messages=most, messages_per_page=min(most, BATCH), visibility_timeout=hidden
        )
        return list(found)

    def _read(self, queue: str, message: "QueueMessage") -> list[Delivery]:
        """The delivery, or nothing where the message had to be set aside."""
        body = _decode(message.content)
        receipt = receipt_of(str(message.id), str(message.pop_receipt))
        attempts = message.dequeue_count or 1
        if body is not None and attempts <= MAX_ATTEMPTS:
            return [Delivery(queue, receipt, body, attempts)]
        log.warning("message set aside", extra={"queue": queue, "attempts": attempts})
        # Added there before it is deleted here: who dies in between leaves it twice, not lost.
        self._queue(queue + POISON).send_message(message.content, time_to_live=FOR_EVER)
        self.acknowledge(Delivery(queue, receipt, {}, attempts))
        return []


@contextmanager
def _unless_gone() -> "Iterator[None]":
    try:
        yield
    except HttpResponseError as error:
        if getattr(error, "error_code", "") not in _GONE:
            raise


def _body(message: "QueueMessage") -> Mapping[str, Any]:
    body = _decode(message.content)
    return {"unreadable": message.content} if body is None else body


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _decode(content: str) -> Mapping[str, Any] | None:
    """The JSON object; None for anything else."""
    try:
        body = json.loads(base64.b64decode(content, validate=True))
    except (binascii.Error, ValueError):
        return None
    return body if isinstance(body, dict) else None


def _whole_delay(seconds: float) -> int:
    if not 0 <= seconds <= LONGEST_DELAY_SECONDS:
        raise BadInput(f"delay of {seconds} s: wanted 0 to {LONGEST_DELAY_SECONDS}")
    return math.ceil(seconds)
