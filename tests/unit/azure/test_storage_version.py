"""Storage is spoken to in a version that every account takes, whatever the newest SDK's own is."""

from collections.abc import Iterator

import pytest
from emulators.resource_manager import serving_app
from flask import Flask, Response, request

from scienceops.adapters.azure.blob_events import QueueBlobEvents
from scienceops.adapters.azure.clients import open_container, open_queues
from scienceops.adapters.azure.message_queue import StorageMessageQueue
from scienceops.adapters.azure.object_store import BlobObjectStore
from scienceops.azure_settings import AzureSettings

#: Of Microsoft's table of versions by region, an older one than any that is not in all of them.
TAKEN = "2024-05-04"
WRITTEN = {"ETag": '"1"', "Last-Modified": "Mon, 30 Nov 2026 03:00:00 GMT"}
MESSAGES = (
    "<QueueMessagesList><QueueMessage><MessageId>1</MessageId></QueueMessage></QueueMessagesList>"
)
BLOBS = "<EnumerationResults><Blobs /><NextMarker /></EnumerationResults>"


@pytest.fixture
def account() -> Iterator[AzureSettings]:
    """A storage account whose region is not at the newest version yet."""
    app = Flask("storage")

    @app.route("/<path:_>", methods=["GET", "PUT", "POST", "DELETE"])
    def answer(_: str) -> Response:
        if request.headers["x-ms-version"] > TAKEN:
            return Response(status=400, headers={"x-ms-error-code": "InvalidHeaderValue"})
        if request.method == "GET":
            if "comp" in request.args:
                return Response(BLOBS, content_type="application/xml")
            return Response(b"2", 206, {**WRITTEN, "Content-Range": "bytes 0-0/1"})
        if request.method == "POST":
            return Response(MESSAGES, 201, content_type="application/xml")
        return Response(status=202 if request.method == "DELETE" else 201, headers=WRITTEN)

    with serving_app(app) as address:
        port = address.rpartition(":")[2]
        yield AzureSettings(emulator=f"{port},{port},{port}")


def test_an_account_that_knows_no_newer_version_is_read_and_written(account: AzureSettings) -> None:
    queues = open_queues(account)
    store = BlobObjectStore(open_container(account), QueueBlobEvents(queues))
    store.put("packages/iris/model.zip", b"2")
    assert store.get("packages/iris/model.zip") == b"2"
    assert list(store.scan("packages/")) == []
    store.delete("packages/iris/model.zip")
    StorageMessageQueue(queues).send("work", {"kind": "of a test"})
