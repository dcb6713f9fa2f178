"""One machine: a folder, two SQLite files and processes.

What lies where under the home:

    bucket/         the bucket; unfinished writes in .partial/
    platform.db     queues and registry; statistics.db: statistics
    secrets/        one file each, for the owner alone
    builds/ID/      one build: image, requirements, log, how it ended
    environments/   HASH/: one Python environment; source-HASH/: links to ScienceOps itself
    jobs/ID/        one job: order, log, how it ended; its working folder
    run/            NAME-VERSION.json: facts of a running scorer; packages/, sockets/,
                    work/: their working folders
    spool/          captures on their way to the bucket, NAME/VERSION/
    images/         container images, when an engine is used and no other registry
    tls/            certificate and key of `up --tls`
    logs/           what scorers and the web server write
"""

from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    # The programs in this folder start often; they must not pay for what they do not use.
    from scienceops.adapters.local.garbage import DiskGarbage
    from scienceops.config import Settings
    from scienceops.ports import Ports
    from scienceops.ports.image_builder import ImageBuilder
    from scienceops.ports.object_store import ObjectStore
    from scienceops.ports.statistics_store import StatisticsStore


def connect_objects(settings: "Settings") -> "ObjectStore":
    """The bucket alone; from inside a container, the part of it that the container may use."""
    if settings.bucket_socket:
        from scienceops.adapters.engine.socket_object_store import SocketObjectStore

        return SocketObjectStore(settings.bucket_socket)
    from scienceops.adapters.local.message_queue import SqliteMessageQueue
    from scienceops.adapters.local.object_store import FolderObjectStore

    home = _make_home(settings)
    return FolderObjectStore(home / "bucket", SqliteMessageQueue(home / "platform.db"))


def connect(settings: "Settings") -> "Ports":
    """One adapter for each port."""
    from scienceops.adapters.local.job_launcher import SubprocessJobLauncher
    from scienceops.adapters.local.message_queue import SqliteMessageQueue
    from scienceops.adapters.local.model_registry import SqliteModelRegistry
    from scienceops.adapters.local.secret_store import FileSecretStore
    from scienceops.adapters.local.service_runtime import ProcessServiceRuntime
    from scienceops.adapters.sql.lazy import LazyStatisticsStore
    from scienceops.ports import Ports

    home = _make_home(settings)
    objects = connect_objects(settings)
    return Ports(
        objects=objects,
        queue=SqliteMessageQueue(home / "platform.db"),
        registry=SqliteModelRegistry(home / "platform.db"),
        builder=_connect_builder(home, settings),
        runtime=ProcessServiceRuntime(home, settings, objects),
        jobs=SubprocessJobLauncher(home, settings),
        statistics=cast("StatisticsStore", LazyStatisticsStore(lambda: _connect_statistics(home))),
        secrets=FileSecretStore(home / "secrets"),
    )


def _connect_statistics(home: Path) -> "StatisticsStore":
    from scienceops.adapters.local.statistics_store import connect_statistics

    return connect_statistics(home / "statistics.db")


def _connect_builder(home: Path, settings: "Settings") -> "ImageBuilder":
    # `auto` is for the host to settle; other processes start no builds.
    if settings.engine in ("auto", "none"):
        from scienceops.adapters.local.image_builder import EnvironmentImageBuilder

        return EnvironmentImageBuilder(home, settings)
    from scienceops.adapters.engine.image_builder import EngineImageBuilder

    return EngineImageBuilder(home, settings)


def connect_disk(settings: "Settings") -> "DiskGarbage":
    """What lies under the home beside the bucket, and in the container engine."""
    from scienceops.adapters.engine.garbage import EngineGarbage
    from scienceops.adapters.local.garbage import DiskGarbage

    return DiskGarbage(_make_home(settings), EngineGarbage(settings))


def _make_home(settings: "Settings") -> Path:
    from scienceops.adapters.local.files import make_home

    return make_home(settings.home)
