"""Announce a capture or label: put its partition on the queue that the statistics wait on."""

from scienceops.core.messages import CAPTURES, CaptureChanged
from scienceops.core.names import Partition
from scienceops.ports.message_queue import MessageQueue


def announce_capture(key: str, queue: MessageQueue) -> Partition:
    """Say that the partition of this key has changed; raises BadInput for another key."""
    partition = Partition.of_key(key)
    message = CaptureChanged(
        service=partition.service, version=partition.version, date=partition.date.isoformat()
    )
    queue.send(CAPTURES, message.to_body())
    return partition
