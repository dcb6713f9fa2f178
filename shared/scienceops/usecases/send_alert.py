"""Send an alert: post one event to the receiver, and say when to try again."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from scienceops.core.alert_records import (
    AlertDelivery,
    delivery_key,
    is_hopeless,
    wait_seconds,
)
from scienceops.core.messages import ALERTS, SendAlert
from scienceops.core.policy import kept_policy
from scienceops.ports import Ports
from scienceops.ports.message_queue import Delivery
from scienceops.usecases.records import Clock, Stored, find, read_service, stamp, update

log = logging.getLogger(__name__)

#: (address, event) -> nothing when the receiver took it, else why it did not, in words.
Post = Callable[[str, dict[str, object]], str]

LONGEST_DELAY_SECONDS = 900.0
#: Clocks of a queue and of its readers differ a little.
TOLERANCE = timedelta(seconds=1)


def send_alert(message: Delivery, ports: Ports, clock: Clock, post: Post) -> None:
    """Make the attempt that a message of queue `alerts` asks for, and acknowledge it.

    The outcome is written after the attempt: a sender killed in between sends the event twice,
    under the same id, and never not at all.
    """
    stored = _read(message, ports)
    if stored is not None and stored.value.state == "pending":
        delivery = stored.value
        left = datetime.fromisoformat(delivery.next_at) - clock()
        # A second message of this attempt is dropped: the one that made the first goes on.
        if left <= TOLERANCE:
            after = _attempt(stored, ports, clock, post)
            if after.state == "pending":
                wait = datetime.fromisoformat(after.next_at) - clock()
                delay = min(max(wait.total_seconds(), 0.0), LONGEST_DELAY_SECONDS)
                ports.queue.send(ALERTS, message.body, delay_seconds=delay)
    ports.queue.acknowledge(message)


def _read(message: Delivery, ports: Ports) -> Stored[AlertDelivery] | None:
    try:
        asked = SendAlert.model_validate(message.body)
    except ValidationError as error:
        log.warning("message dropped", extra={"reason": f"{error.error_count()} faults"})
        return None
    key = delivery_key(asked.rule, asked.sequence)
    return find(ports.registry, asked.service, key, AlertDelivery)


def _attempt(
    stored: Stored[AlertDelivery], ports: Ports, clock: Clock, post: Post
) -> AlertDelivery:
    delivery = stored.value
    service = read_service(ports.registry, delivery.service).value
    # As it is now: who mends a wrong address need not wait for a new alert.
    url = kept_policy(service.policy).alert_url
    if not url:
        return _give_up(stored, "the policy's alert_url was emptied", ports, clock)
    reason = post(url, dict(delivery.event))
    now = clock()
    attempts = delivery.attempts + 1
    if reason and is_hopeless(delivery.created_at, now):
        return _give_up(
            stored, f"{attempts} attempts in a day failed; the last: {reason}", ports, clock
        )
    if reason:
        next_at = stamp(now + timedelta(seconds=wait_seconds(attempts)))
        log.warning(
            "alert not delivered",
            extra={"service": delivery.service, "rule": delivery.rule, "attempts": attempts},
        )
        return _write(stored, ports, clock, attempts=attempts, reason=reason, next_at=next_at)
    log.info("alert delivered", extra={"service": delivery.service, "rule": delivery.rule})
    return _write(stored, ports, clock, attempts=attempts, reason="", state="delivered")


def _give_up(
    stored: Stored[AlertDelivery], reason: str, ports: Ports, clock: Clock
) -> AlertDelivery:
    delivery = stored.value
    log.warning("alert given up", extra={"service": delivery.service, "rule": delivery.rule})
    entry = {
        "action": "alert given up",
        "why": reason,
        "details": {"rule": delivery.rule, "event": delivery.event["id"]},
    }
    return _write(stored, ports, clock, entry, reason=reason, state="given up")


def _write(
    stored: Stored[AlertDelivery],
    ports: Ports,
    clock: Clock,
    entry: Mapping[str, Any] | None = None,
    **changes: Any,
) -> AlertDelivery:
    def change(now: AlertDelivery) -> AlertDelivery | None:
        # Applied to whatever is stored now: the watcher may have put the next attempt forward.
        return now.model_copy(update=changes) if now.state == "pending" else None

    after = update(
        ports.registry,
        lambda: find(ports.registry, stored.partition, stored.key, AlertDelivery) or stored,
        change,
        at=clock(),
        **(entry or {}),
    )
    return after.value
