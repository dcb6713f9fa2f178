"""SqsMessageQueue: one SQS queue per name, and one beside it for what nobody could work on."""

import json
import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from scienceops.adapters.aws.clients import error_code
from scienceops.core.messages import encode_body
from scienceops.errors import BadInput
from scienceops.ports.message_queue import Delivery, Then

#: What follows a queue's name in the name of its dead-letter queue.
DEAD = "-dead"
LONGEST_DELAY_SECONDS = 900
MOST_SET_ASIDE = 100

_MOST_PER_CALL = 10
#: How long a look at what was set aside hides it from another look, should it die in the middle.
_LOOK_SECONDS = 30
_STALE = ("ReceiptHandleIsInvalid", "MessageNotInflight", "InvalidParameterValue")
_COUNTED = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class SqsMessageQueue:
    """MessageQueue in SQS. Queue `work` is `PREFIXwork`; it hands a message that was received
    MAX_ATTEMPTS times to `PREFIXwork-dead`, by the redrive policy that it was made with.

    A receipt carries the time at which its delivery ends, since SQS may honour an older receipt
    than the last. One that Lambda handed over is bare, and is taken to be in time.
    """

    def __init__(self, sqs: Any, prefix: str, clock: Callable[[], float] = time.time) -> None:
        self._sqs = sqs
        self._prefix = prefix
        self._clock = clock
        self._urls: dict[str, str] = {}
        self._finding = threading.Lock()

    def send(self, queue: str, body: Mapping[str, Any], *, delay_seconds: float = 0) -> None:
        """Send it."""
        self._sqs.send_message(
            QueueUrl=self._url(queue),
            MessageBody=encode_body(body),
            DelaySeconds=_check_delay(delay_seconds),
        )

    def receive(
        self, queue: str, *, most: int = 10, visibility_seconds: float = 60
    ) -> list[Delivery]:
        """Ask until there are enough or none; SQS may say none a moment too early."""
        hidden = math.ceil(visibility_seconds)
        deliveries: list[Delivery] = []
        while len(deliveries) < most:
            # From before the call: the delivery ends no earlier than its receipt says.
            end = self._clock() + hidden
            found = self._receive(queue, most - len(deliveries), hidden)
            deliveries += [
                Delivery(
                    queue,
                    f"{end:.3f} {message['ReceiptHandle']}",
                    json.loads(message["Body"]),
                    int(message["Attributes"]["ApproximateReceiveCount"]),
                )
                for message in found
            ]
            if not found:
                break
        return deliveries

    def acknowledge(self, delivery: Delivery) -> None:
        """Delete the message while the delivery lasts."""
        if handle := self._handle(delivery):
            self._unless_stale(
                self._sqs.delete_message,
                QueueUrl=self._url(delivery.queue),
                ReceiptHandle=handle,
            )

    def release(self, delivery: Delivery, *, delay_seconds: float = 0) -> None:
        """Let the delivery end after the delay instead."""
        delay = _check_delay(delay_seconds)
        if handle := self._handle(delivery):
            self._unless_stale(
                self._sqs.change_message_visibility,
                QueueUrl=self._url(delivery.queue),
                ReceiptHandle=handle,
                VisibilityTimeout=delay,
            )

    def set_aside(self, queue: str, *, then: Then = "keep") -> list[Mapping[str, Any]]:
        """Take them from the dead-letter queue, and put them back to keep them; of two at once,
        each may see a part."""
        seen = self._hide_set_aside(queue)
        for message in seen:
            if then == "resend":
                self._sqs.send_message(QueueUrl=self._url(queue), MessageBody=message["Body"])
            place = {"QueueUrl": self._url(queue + DEAD), "ReceiptHandle": message["ReceiptHandle"]}
            if then == "keep":
                self._unless_stale(
                    self._sqs.change_message_visibility, **place, VisibilityTimeout=0
                )
            else:
                self._unless_stale(self._sqs.delete_message, **place)
        return [json.loads(message["Body"]) for message in seen]

    def depth(self, queue: str) -> int:
        """What SQS counts, which lags by up to a minute."""
        reply = self._sqs.get_queue_attributes(
            QueueUrl=self._url(queue), AttributeNames=list(_COUNTED)
        )
        return sum(int(reply["Attributes"][name]) for name in _COUNTED)

    def _hide_set_aside(self, queue: str) -> list[dict[str, Any]]:
        """Those of the dead-letter queue, oldest first, hidden from another look for a while."""
        seen: dict[str, dict[str, Any]] = {}
        while len(seen) < MOST_SET_ASIDE:
            found = self._receive(queue + DEAD, MOST_SET_ASIDE - len(seen), _LOOK_SECONDS)
            if not found:
                break
            seen |= {message["MessageId"]: message for message in found}
        return sorted(seen.values(), key=lambda m: int(m["Attributes"]["SentTimestamp"]))

    def _receive(self, queue: str, most: int, hidden_seconds: int) -> list[dict[str, Any]]:
        reply = self._sqs.receive_message(
            QueueUrl=self._url(queue),
            MaxNumberOfMessages=min(most, _MOST_PER_CALL),
            VisibilityTimeout=hidden_seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
        )
        messages: list[dict[str, Any]] = reply.get("Messages", [])
        return messages

    def _url(self, queue: str) -> str:
        with self._finding:
            if queue not in self._urls:
                reply = self._sqs.get_queue_url(QueueName=self._prefix + queue)
                self._urls[queue] = reply["QueueUrl"]
            return self._urls[queue]

    def _handle(self, delivery: Delivery) -> str:
        """The receipt handle, empty when the delivery has ended."""
        end, space, handle = delivery.receipt.partition(" ")
        if not space:
            return delivery.receipt
        return handle if self._clock() < float(end) else ""

    @staticmethod
    def _unless_stale(call: Callable[..., Any], **request: Any) -> None:
        try:
            call(**request)
        except ClientError as error:
            if error_code(error) not in _STALE:
                raise


def _check_delay(seconds: float) -> int:
    if not 0 <= seconds <= LONGEST_DELAY_SECONDS:
        raise BadInput(f"delay of {seconds} s: wanted 0 to {LONGEST_DELAY_SECONDS}")
    return math.ceil(seconds)
