"""An Azure subscription: Blob, Queue and Table storage, ACR, Container Apps, Databricks, SQL.

Every adapter is imported where it is connected: a door pays for the ports that it uses.
"""

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from scienceops.config import Settings
    from scienceops.ports import Ports
    from scienceops.ports.object_store import ObjectStore
    from scienceops.ports.statistics_store import StatisticsStore


def explain(error: Exception, settings: "Settings") -> str:
    """What a person is told of an error of Azure's SDKs; empty of any other."""
    from scienceops.adapters.azure.sdk_errors import explain_error

    return explain_error(error, settings)


def connect_objects(settings: "Settings") -> "ObjectStore":
    """The bucket alone."""
    from scienceops.adapters.azure.blob_events import QueueBlobEvents
    from scienceops.adapters.azure.clients import open_container, open_queues
    from scienceops.adapters.azure.object_store import BlobObjectStore

    container = open_container(settings.azure)
    return BlobObjectStore(container, QueueBlobEvents(open_queues(settings.azure)))


def connect_statistics(settings: "Settings") -> "StatisticsStore":
    """The statistics alone."""
    from scienceops.adapters.azure import statistics_store

    return statistics_store.connect_statistics(settings.azure)


def connect(settings: "Settings") -> "Ports":
    """One adapter for each port."""
    from scienceops.adapters.azure.blob_lock import BlobLock
    from scienceops.adapters.azure.clients import (
        open_container,
        open_queues,
        open_secrets,
        open_table,
    )
    from scienceops.adapters.azure.database_setting import check_database
    from scienceops.adapters.azure.image_builder import connect_builder
    from scienceops.adapters.azure.job_launcher import connect_jobs
    from scienceops.adapters.azure.message_queue import StorageMessageQueue
    from scienceops.adapters.azure.model_registry import TableModelRegistry
    from scienceops.adapters.azure.secret_store import KeyVaultSecretStore
    from scienceops.adapters.azure.service_runtime import connect_runtime
    from scienceops.adapters.sql.lazy import LazyStatisticsStore
    from scienceops.ports import Ports

    objects = connect_objects(settings)
    ports = Ports(
        objects=objects,
        queue=StorageMessageQueue(open_queues(settings.azure)),
        registry=TableModelRegistry(open_table(settings.azure)),
        builder=connect_builder(settings, objects),
        runtime=connect_runtime(settings),
        jobs=connect_jobs(settings),
        statistics=cast(
            "StatisticsStore", LazyStatisticsStore(lambda: connect_statistics(settings))
        ),
        secrets=KeyVaultSecretStore(
            open_secrets(settings.azure), BlobLock(open_container(settings.azure))
        ),
    )
    # Told now, although the statistics are connected when they are first asked for.
    check_database(settings.azure)
    return ports
