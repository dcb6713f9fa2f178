"""Take announcements: which partitions have changed, of messages that mostly say the same.

Where each scored call is an object of its own, each is announced by a message of its own, and a
day may have hundreds of thousands. So of each partition a few messages are held, and what says the
same is deleted at once: whoever dies has lost none of it, and the next one goes on with less.
"""

import threading
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from scienceops.core.messages import CAPTURES
from scienceops.core.names import Partition
from scienceops.ports.message_queue import Delivery, MessageQueue
from scienceops.usecases.records import Clock

#: How long what was taken is hidden. Long enough to freeze the largest run; after it the messages
#: would be delivered again.
FREEZE_SECONDS = 300
#: How long is taken at most, so that there is time to freeze it; the next run takes the rest.
TAKE_SECONDS = 100
#: Messages that are asked for, or acknowledged, at a time.
SIDE_BY_SIDE = 8
#: Of each partition: two, since a queue may deliver one message twice at the same time, and then
#: the one that is deleted may be one that is held.
HELD = 2
#: So many messages are thinned out although no run is due.
MANY = 1000


def take_announcements(
    queue: MessageQueue, clock: Clock, *, take_seconds: float = TAKE_SECONDS
) -> list[Delivery]:
    """Deliveries that name each announced partition, hidden for FREEZE_SECONDS.

    All that wait, unless that takes longer than take_seconds.
    """
    end = clock() + timedelta(seconds=take_seconds)
    held: dict[Partition, list[Delivery]] = defaultdict(list)
    lock = threading.Lock()

    def take(_: int) -> None:
        while clock() < end:
            batch = queue.receive(CAPTURES, most=10, visibility_seconds=FREEZE_SECONDS)
            if not batch:
                return
            for delivery in batch:
                with lock:
                    same = held[announced_by(delivery)]
                    is_held = len(same) < HELD
                    if is_held:
                        same.append(delivery)
                if not is_held:
                    queue.acknowledge(delivery)

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        list(pool.map(take, range(SIDE_BY_SIDE)))
    return [delivery for same in held.values() for delivery in same]


def thin_announcements(queue: MessageQueue, clock: Clock) -> None:
    """Leave one message of each partition that was announced, when there are MANY."""
    if queue.depth(CAPTURES) < MANY:
        return
    taken = take_announcements(queue, clock)
    # Sent anew rather than released, since a release counts as a failed attempt.
    for partition in {announced_by(delivery): delivery for delivery in taken}.values():
        queue.send(CAPTURES, partition.body)
    acknowledge_all(taken, queue)


def acknowledge_all(deliveries: Sequence[Delivery], queue: MessageQueue) -> None:
    """Delete the messages: a call to a cloud's queue takes some milliseconds."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        list(pool.map(queue.acknowledge, deliveries))


def announced_by(delivery: Delivery) -> Partition:
    """The partition that a message of the queue `captures` names."""
    body = delivery.body
    return Partition(body["service"], int(body["version"]), date.fromisoformat(body["date"]))
