"""Blob events: the announcement that Event Grid would make, made by ourselves where it has none.

Event Grid announces what was written. A put-if-absent that found its key taken wrote nothing, yet
its first writer's announcement is owed once more, so it goes onto the same queue in the same form.
"""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from scienceops.core.names import CAPTURES, LABELS, PACKAGES
from scienceops.ports.object_store import ObjectInfo

if TYPE_CHECKING:
    from azure.storage.queue import QueueServiceClient

#: Which queue Event Grid's subscriptions fill, by the start of the key; of the rest nobody asked.
QUEUES: Mapping[str, str] = {PACKAGES: "uploads", CAPTURES: "captured", LABELS: "captured"}


class BlobEvents(Protocol):
    """Where a blob that was not written again is announced again."""

    def announce(self, container: str, info: ObjectInfo) -> None:
        """Say that the object is there."""
        ...


class QueueBlobEvents:
    """BlobEvents onto the storage queues that the doors read."""

    def __init__(self, queues: "QueueServiceClient") -> None:
        self._queues = queues

    def announce(self, container: str, info: ObjectInfo) -> None:
        """Send the event, if the doors listen for such keys."""
        queue = queue_of(info.key)
        if queue:
            text = json.dumps(created_event(container, info.key, info.size_bytes))
            content = base64.b64encode(text.encode()).decode()
            self._queues.get_queue_client(queue).send_message(content, time_to_live=-1)


def queue_of(key: str) -> str:
    """The queue that hears of this key; empty where none does.

    >>> queue_of("labels/iris/1/date=2026-11-23/a.jsonl")
    'captured'
    """
    return next((queue for start, queue in QUEUES.items() if key.startswith(start)), "")


def created_event(container: str, key: str, size_bytes: int) -> dict[str, Any]:
    """`BlobCreated` in the schema of CloudEvents 1.0, as far as anybody reads it.

    Source: Microsoft, Azure Blob Storage as an Event Grid source (October 2025).

    >>> created_event("scienceops", "packages/iris/model.zip", 5)["subject"]
    '/blobServices/default/containers/scienceops/blobs/packages/iris/model.zip'
    """
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "scienceops",
        "type": "Microsoft.Storage.BlobCreated",
        "time": datetime.now(UTC).isoformat(),
        "subject": f"/blobServices/default/containers/{container}/blobs/{key}",
        "data": {"contentLength": size_bytes, "blobType": "BlockBlob"},
    }
