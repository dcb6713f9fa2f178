"""BlobObjectStore keeps the promises of the bucket, with a stand-in for Event Grid."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueServiceClient
from contract.object_store import ObjectStoreContract
from emulators.event_grid import StandInEventGrid

from scienceops.adapters.azure.blob_events import QueueBlobEvents
from scienceops.adapters.azure.clients import open_container, open_queues
from scienceops.adapters.azure.message_queue import StorageMessageQueue
from scienceops.adapters.azure.object_store import BlobObjectStore
from scienceops.azure_settings import AzureSettings
from scienceops.errors import ObjectExists

PACKAGE = "packages/iris/model.zip"
SEGMENT = "captures/iris/1/date=2026-11-23/a-00000001.parquet"


@pytest.fixture
def queues(azure_settings: AzureSettings) -> QueueServiceClient:
    return open_queues(azure_settings)


def open_store(settings: AzureSettings, **options: Any) -> BlobObjectStore:
    events = QueueBlobEvents(open_queues(settings))
    container = open_container(settings, transport=StandInEventGrid(events), **options)
    return BlobObjectStore(container, events)


def take(queues: QueueServiceClient, name: str) -> list[tuple[str, int]]:
    """The (key, size) of each event on a queue."""
    found = StorageMessageQueue(queues).receive(name, most=100)
    return [
        (d.body["subject"].partition("/blobs/")[2], d.body["data"]["contentLength"]) for d in found
    ]


class TestBlobObjectStore(ObjectStoreContract):
    @pytest.fixture
    def store(self, azure_settings: AzureSettings) -> BlobObjectStore:
        return open_store(azure_settings)

    @pytest.fixture
    def another(self, azure_settings: AzureSettings) -> BlobObjectStore:
        return open_store(azure_settings)

    @pytest.fixture
    def announced(self, queues: QueueServiceClient) -> Callable[[], list[tuple[str, int]]]:
        return lambda: take(queues, "uploads")

    def test_a_blob_of_many_blocks_is_whole_and_announced_once(
        self, azure_settings: AzureSettings, queues: QueueServiceClient, tmp_path: Path
    ) -> None:
        store = open_store(
            azure_settings, max_single_put_size=1000, max_block_size=1000, max_single_get_size=1000
        )
        (tmp_path / "model.zip").write_bytes(bytes(range(250)) * 10)
        info = store.put(PACKAGE, tmp_path / "model.zip")
        assert info.size_bytes == 2500
        assert store.get(PACKAGE) == bytes(range(250)) * 10
        assert store.download(PACKAGE, tmp_path / "copy").size_bytes == 2500
        assert [key for key, _ in take(queues, "uploads")] == [PACKAGE]
        with pytest.raises(ObjectExists):
            store.put(PACKAGE, tmp_path / "model.zip", if_absent=True)

    def test_captures_and_labels_are_announced_to_the_door_that_reads_them(
        self, store: BlobObjectStore, queues: QueueServiceClient
    ) -> None:
        for key in (SEGMENT, SEGMENT.replace("captures/", "labels/"), "statistics/runs/1.json"):
            store.put(key, b"1")
            with pytest.raises(ObjectExists):
                store.put(key, b"2", if_absent=True)
        assert {key.split("/")[0] for key, _ in take(queues, "captured")} == {"captures", "labels"}
        assert take(queues, "uploads") == []

    def test_a_container_that_is_not_there_is_no_missing_object(
        self, azure_settings: AzureSettings
    ) -> None:
        lost = open_store(azure_settings.model_copy(update={"container": "nowhere"}))
        with pytest.raises(ResourceNotFoundError, match="container"):
            lost.get("a")

    @pytest.fixture
    def changing(self, azure_settings: AzureSettings) -> Iterator[BlobObjectStore]:
        """A store whose object is replaced by another client after the first range was read."""
        writer = open_store(azure_settings)
        writer.put("a", b"1" * 3000)
        left = [b"2" * 3000]

        class Replacing(StandInEventGrid):
            def send(self, request: Any, **options: Any) -> Any:
                response = super().send(request, **options)
                if request.method == "GET" and left:
                    writer.put("a", left.pop())
                return response

        events = QueueBlobEvents(open_queues(azure_settings))
        container = open_container(
            azure_settings,
            transport=Replacing(events),
            max_single_get_size=1000,
            max_chunk_get_size=1000,
        )
        yield BlobObjectStore(container, events)
        assert left == []

    def test_an_object_that_is_replaced_while_it_is_read_is_read_again(
        self, changing: BlobObjectStore
    ) -> None:
        assert changing.get("a") == b"2" * 3000

    def test_an_object_that_is_replaced_while_it_is_fetched_is_fetched_again(
        self, changing: BlobObjectStore, tmp_path: Path
    ) -> None:
        assert changing.download("a", tmp_path / "copy").size_bytes == 3000
        assert (tmp_path / "copy").read_bytes() == b"2" * 3000
