"""Azurite: blobs, queues and tables on three ports, and an installation of its own for each test.

Without the emulator the tests are skipped, where REQUIRE_EMULATORS=1 is set they fail.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from azure.core.exceptions import ResourceExistsError
from emulators.child import ROOT, Emulator
from ports import free_ports

from scienceops.adapters.azure import clients
from scienceops.adapters.azure.blob_events import QUEUES as EVENT_QUEUES
from scienceops.adapters.azure.message_queue import POISON
from scienceops.azure_settings import AzureSettings
from scienceops.core.messages import ALERTS, CAPTURES, WORK

PROGRAM = ROOT / ".emulators/node_modules/azurite/dist/src/azurite.js"
#: Every queue of an installation; each has one beside it for what was set aside.
QUEUES = (WORK, CAPTURES, ALERTS, *sorted(set(EVENT_QUEUES.values())))


def start_azurite(folder: Path) -> tuple[Emulator, str]:
    """An empty emulator that forgets everything when it ends, and its ports as a setting."""
    ports = free_ports(3)
    places = zip(("blob", "queue", "table"), ports, strict=True)
    command = ["node", str(PROGRAM), "--silent"]
    command += ["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"]
    for service, port in places:
        command += [f"--{service}Host", "127.0.0.1", f"--{service}Port", str(port)]
    # The table service listens last.
    url = f"http://127.0.0.1:{ports[-1]}"
    emulator = Emulator(command, {}, url, folder / "azurite.log")
    emulator.wait("/")
    return emulator, ",".join(str(port) for port in ports)


def make_installation(settings: AzureSettings) -> AzureSettings:
    """Container, queues and table, made as infra/bicep makes them; those that are there stay."""
    make_queues_and_table(settings)
    clients.open_container(settings).create_container()
    return settings


def make_queues_and_table(settings: AzureSettings) -> None:
    """What an account has one of, whatever its containers."""
    table, queues = clients.open_table(settings), clients.open_queues(settings)
    names = [name + end for name in QUEUES for end in ("", POISON)]
    for make in (table.create_table, *(queues.get_queue_client(n).create_queue for n in names)):
        with suppress(ResourceExistsError):
            make()


def empty_queues_and_table(settings: AzureSettings) -> None:
    """Forget what earlier tests left in what they share."""
    queues, table = clients.open_queues(settings), clients.open_table(settings)
    for queue in queues.list_queues():
        queues.get_queue_client(queue.name).clear_messages()
    for entity in table.list_entities(select=["PartitionKey", "RowKey"]):
        table.delete_entity(entity["PartitionKey"], entity["RowKey"])


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One emulator for the whole test process: its ports, as a setting takes them."""
    if not PROGRAM.exists():
        needed = f"no emulator at {PROGRAM}: run `make .emulators/ready` to install it"
        if os.environ.get("REQUIRE_EMULATORS") == "1":
            pytest.fail(needed)
        pytest.skip(needed)
    emulator, ports = start_azurite(tmp_path_factory.mktemp("azurite"))
    make_queues_and_table(AzureSettings(emulator=ports))
    yield ports
    emulator.stop()


@pytest.fixture
def azure_settings(azurite: str) -> AzureSettings:
    """An installation that holds nothing: a container of its own, emptied queues and table."""
    settings = AzureSettings(emulator=azurite, container=f"t{uuid4().hex[:12]}")
    empty_queues_and_table(settings)
    clients.open_container(settings).create_container()
    return settings
