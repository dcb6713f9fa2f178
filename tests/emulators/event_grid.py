"""Stand-in for Event Grid, which Azurite lacks: it hears of each blob that a client has written.

It sits in the client's transport and acts on the operations for which Microsoft's documentation
says that `BlobCreated` is raised: Put Blob, Put Block List, Copy Blob. Which keys go to which queue
is what the subscriptions of infra/bicep filter by. Delays, retries and dead letters of Event Grid
are not covered; the storm test repeats and shuffles events itself.
"""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from azure.core.pipeline.transport import RequestsTransport

from scienceops.adapters.azure.blob_events import BlobEvents
from scienceops.ports.object_store import ObjectInfo

#: The parts of an account that Put Blob is not told apart from by its method alone.
NO_BLOB = ("restype=container", "restype=service")


class StandInEventGrid(RequestsTransport):
    """Sends what it is given, and announces each blob that came of it."""

    def __init__(self, events: BlobEvents, **options: Any) -> None:
        super().__init__(**options)
        self._events = events

    def send(self, request: Any, **options: Any) -> Any:
        """The reply, once what it gives rise to was announced."""
        response = super().send(request, **options)
        asked = urlsplit(request.url)
        operation = parse_qs(asked.query).get("comp", ["put"])[0]
        made = request.method == "PUT" and response.status_code in (201, 202)
        if made and operation in ("put", "blocklist") and not asked.query.startswith(NO_BLOB):
            _, _, container, key = unquote(asked.path).split("/", 3)
            size = int(request.headers.get("Content-Length") or 0)
            self._events.announce(container, ObjectInfo(key, size, "", datetime.now(UTC)))
        return response
