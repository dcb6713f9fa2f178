"""Do work: take one message of queue `work`, take its step, say when to look again."""

import logging
from contextlib import suppress

from scienceops.core.messages import (
    WORK,
    AdvanceRetraining,
    AdvanceVersion,
    FollowRun,
    ReconcileDeployment,
    Work,
    parse_work,
)
from scienceops.errors import (
    BadInput,
    NotFound,
    ObjectNotFound,
    RevisionConflict,
    SecretNotFound,
)
from scienceops.ports import Ports
from scienceops.ports.message_queue import MAX_ATTEMPTS, Delivery
from scienceops.usecases.advance_retraining import advance_retraining, fail_retraining
from scienceops.usecases.advance_version import Steps
from scienceops.usecases.follow_run import fail_attempt, follow_run
from scienceops.usecases.nudge import follow
from scienceops.usecases.reconcile_deployment import reconcile_deployment
from scienceops.usecases.records import Clock, read_version

log = logging.getLogger(__name__)

#: How many steps in a row one message may take, so that a quick chain needs one message.
CHAIN = 8
LONGEST_DELAY_SECONDS = 900.0


def do_work(delivery: Delivery, ports: Ports, clock: Clock, steps: Steps) -> None:
    """Take the step a message asks for and acknowledge it; the next look is a new message.

    A message of a chain that a nudge has replaced is followed by none.

    What cannot be understood is logged and dropped, since no later delivery would go better. An
    unforeseen error leaves the message for another attempt; at the last one a version or a
    retraining that is under way is failed with the reason, and a statistics run counts a failed
    attempt, so that none hangs without a word. Every turn of the clock looks at deployments.
    """
    try:
        message = parse_work(delivery.body)
    except BadInput as error:
        log.warning("message dropped", extra={"reason": str(error)})
        ports.queue.acknowledge(delivery)
        return
    try:
        delay = _take_steps(message, ports, clock, steps)
    except Exception as error:
        if not _is_of_nothing(error):
            if delivery.attempts >= MAX_ATTEMPTS:
                # Somebody who was quicker has taken the step, or told of it.
                with suppress(RevisionConflict):
                    _give_up(message, f"{type(error).__name__}: {error}", ports, clock, steps)
            raise
        log.warning("message dropped", extra={"reason": str(error)})
        delay = None
    _look_again(message, delay, ports)
    ports.queue.acknowledge(delivery)


def _is_of_nothing(error: Exception) -> bool:
    """Whether there is no record of what the message names; a record whose object or secret is gone
    is told of."""
    return isinstance(error, NotFound) and not isinstance(error, ObjectNotFound | SecretNotFound)


def _look_again(message: Work, delay: float | None, ports: Ports) -> None:
    following = None if delay is None else follow(message, ports)
    if delay is not None and following is not None:
        delay = min(delay, LONGEST_DELAY_SECONDS)
        ports.queue.send(WORK, following.to_body(), delay_seconds=delay)


def _give_up(message: Work, reason: str, ports: Ports, clock: Clock, steps: Steps) -> None:
    match message:
        case AdvanceVersion():
            reason = f"{reason}; mend it, then `scienceops retry`"
            seen = read_version(ports.registry, message.service, message.version)
            steps.fail(seen.value, reason)
        case FollowRun():
            _look_again(message, fail_attempt(message.run, reason, ports, clock), ports)
        case AdvanceRetraining():
            fail_retraining(message.service, message.number, reason, ports, clock)


def _take_steps(
    message: Work,
    ports: Ports,
    clock: Clock,
    steps: Steps,
) -> float | None:
    delay: float | None = 0.0
    for _ in range(CHAIN):
        match message:
            case AdvanceVersion():
                delay = steps.advance(message.service, message.version)
            case ReconcileDeployment():
                delay = reconcile_deployment(message.service, message.version, ports, clock)
            case FollowRun():
                delay = follow_run(message.run, ports, clock)
            case AdvanceRetraining():
                delay = advance_retraining(
                    message.service, message.number, ports, clock, limit_bytes=steps.limit_bytes
                )
        if delay is None or delay > 0:
            return delay
    return delay
