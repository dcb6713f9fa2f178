"""One machine: a folder, two SQLite files and processes.

Under the home: bucket/ (the bucket), platform.db (queues, registry), statistics.db, secrets/,
environments/ and builds/ (what packages need), jobs/, spool/ (captures on their way), run/, logs/.
"""

from scienceops.adapters.local.message_queue import SqliteMessageQueue
from scienceops.adapters.local.object_store import FolderObjectStore
from scienceops.config import Settings
from scienceops.ports import Ports


def connect_objects(settings: Settings) -> FolderObjectStore:
    """The bucket alone."""
    home = settings.home
    return FolderObjectStore(home / "bucket", SqliteMessageQueue(home / "platform.db"))


def connect(settings: Settings) -> Ports:
    """One adapter for each port."""
    from scienceops.adapters.local.image_builder import EnvironmentImageBuilder
    from scienceops.adapters.local.job_launcher import SubprocessJobLauncher
    from scienceops.adapters.local.model_registry import SqliteModelRegistry
    from scienceops.adapters.local.secret_store import FileSecretStore
    from scienceops.adapters.local.service_runtime import ProcessServiceRuntime
    from scienceops.adapters.local.statistics_store import connect_statistics

    home = settings.home
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    objects = connect_objects(settings)
    return Ports(
        objects=objects,
        queue=SqliteMessageQueue(home / "platform.db"),
        registry=SqliteModelRegistry(home / "platform.db"),
        builder=EnvironmentImageBuilder(home),
        runtime=ProcessServiceRuntime(home, settings, objects),
        jobs=SubprocessJobLauncher(home, settings),
        statistics=connect_statistics(home / "statistics.db"),
        secrets=FileSecretStore(home / "secrets"),
    )
