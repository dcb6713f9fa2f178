"""The storm on Azurite: bucket, queues, registry and secrets are Azure's, statistics lie in SQLite.

Faults are put in by the HTTP transport below the SDKs, whose own retries meet them: 503 and 500
instead of the request, 500 instead of the reply. Only the reply to a receiver is never lost: its
messages would stay hidden for minutes, which the contract suite of the queue tests in seconds.
Event Grid and Key Vault are stand-ins.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.core.pipeline.transport import RequestsTransport
from emulators.azurite import empty_queues_and_table
from emulators.event_grid import StandInEventGrid
from emulators.key_vault import StandInKeyVault
from requests.adapters import HTTPAdapter
from storm import DOORS, Storm, StormPromises, Weather
from storm_stand_ins import StandInBuilder, StandInJobs, StandInRuntime

from scienceops.adapters.azure.blob_events import QueueBlobEvents
from scienceops.adapters.azure.blob_lock import BlobLock
from scienceops.adapters.azure.clients import open_container, open_queues, open_table
from scienceops.adapters.azure.message_queue import StorageMessageQueue
from scienceops.adapters.azure.model_registry import TableModelRegistry
from scienceops.adapters.azure.object_store import BlobObjectStore
from scienceops.adapters.azure.secret_store import KeyVaultSecretStore
from scienceops.adapters.azure.statistics_store import connect_statistics
from scienceops.azure_settings import AzureSettings
from scienceops.config import Settings
from scienceops.ports import Ports
from scienceops.ports.object_store import ObjectInfo

#: What the SDKs wait between two attempts: in the storm nothing, for the emulator needs no rest.
AT_ONCE = {"initial_backoff": 0, "increment_base": 0, "random_jitter_range": 0, "retry_total": 8}
TABLE_AT_ONCE = {"retry_backoff_factor": 0, "retry_total": 8}
STATUS = {"throttled": 503, "failed": 500, "lost": 500}


class RecordedEvents:
    """Where the stand-in for Event Grid puts what it announces."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def announce(self, container: str, info: ObjectInfo) -> None:
        self.keys.append(info.key)


class StormyTransport(RequestsTransport):
    """Sends what the weather lets through."""

    def __init__(self, weather: Weather, **options: Any) -> None:
        session = requests.Session()
        session.mount("http://", HTTPAdapter(pool_maxsize=2 * DOORS))
        super().__init__(session=session, **options)
        self._weather = weather

    def send(self, request: Any, **options: Any) -> Any:
        fault = self._weather.fault()
        if fault == "lost" and request.method == "GET" and "/messages" in request.url:
            fault = "failed"
        if fault not in ("throttled", "failed"):
            response = super().send(request, **options)
        if not fault:
            return response
        # Azurite has no such route: a real reply of the emulator, whose status is then changed.
        if fault != "lost":
            options.pop("stream", None)
            broken = type(request)("GET", request.url.partition("?")[0] + "?comp=nothing")
            response = super().send(broken, **options)
        response.status_code = STATUS[fault]
        return response


class StormyBlobTransport(StormyTransport, StandInEventGrid):
    """Sends what the weather lets through, and announces what came of it."""


class AzureStorm(Storm):
    """The storm over Azurite."""

    def __init__(self, azure: AzureSettings, folder: Path) -> None:
        weather = Weather()
        self._recorded = RecordedEvents()
        queues = open_queues(azure, transport=StormyTransport(weather), **AT_ONCE)

        sky = StormyBlobTransport(weather, events=self._recorded)
        container = open_container(azure, transport=sky, **AT_ONCE)
        objects = BlobObjectStore(container, QueueBlobEvents(queues))
        statistics = connect_statistics(azure)
        lock = BlobLock(open_container(azure))
        table = open_table(azure, transport=StormyTransport(weather), **TABLE_AT_ONCE)
        ports = Ports(
            objects=objects,
            queue=StorageMessageQueue(queues),
            registry=TableModelRegistry(table),
            builder=StandInBuilder(),
            runtime=StandInRuntime(),
            jobs=StandInJobs(objects, statistics),
            statistics=statistics,
            secrets=KeyVaultSecretStore(StandInKeyVault().client(), lock, polling_seconds=0),
        )
        super().__init__(ports, Settings(cloud="azure", azure=azure, home=folder), weather)

    def take_announced(self) -> list[str]:
        """What the stand-in for Event Grid said, and what our own adapter put onto its queues."""
        told, self._recorded.keys = self._recorded.keys, []
        queue = self.ports.queue
        for name in ("uploads", "captured"):
            while deliveries := queue.receive(name, most=32):
                for delivery in deliveries:
                    told.append(delivery.body["subject"].partition("/blobs/")[2])
                    queue.acknowledge(delivery)
        return told


@pytest.fixture(scope="module")
def storm(azurite: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureStorm]:
    """The platform after the storm."""
    folder = tmp_path_factory.mktemp("storm")
    url = f"sqlite:///{folder / 'statistics.db'}"
    settings = AzureSettings(emulator=azurite, container="storm", sql_url=url)
    empty_queues_and_table(settings)
    open_container(settings).create_container()
    storm = AzureStorm(settings, folder)
    storm.rage()
    yield storm
    storm.ports.statistics.close()  # type: ignore[attr-defined]  # Of this adapter.


class TestAzureStorm(StormPromises):
    """Nothing was lost, and nothing done twice."""
