"""Bootstrap: settings -> platform -> Ports -> App, built on first use."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from scienceops.config import Settings, load_settings
from scienceops.errors import BadSetting

if TYPE_CHECKING:
    from scienceops.adapters.local.garbage import DiskGarbage
    from scienceops.app import App
    from scienceops.ports import Calling, Ports
    from scienceops.ports.object_store import ObjectStore
    from scienceops.ports.statistics_store import StatisticsStore


def connect(settings: Settings) -> "Ports":
    """One adapter for each port, of the platform that the settings name.

    Raises BadSetting for a cloud whose packages are not installed.
    """
    try:
        ports: Ports = import_module(f"scienceops.adapters.{settings.cloud}").connect(settings)
    except ModuleNotFoundError as error:
        raise BadSetting(
            f"SCIENCEOPS_CLOUD={settings.cloud} needs the package of {error.name!r}, which is not "
            "installed: `scienceops doctor` says which to install"
        ) from error
    return ports


def connect_objects(settings: Settings) -> "ObjectStore":
    """The bucket alone, for programs that need nothing else."""
    adapters = import_module(f"scienceops.adapters.{settings.cloud}")
    objects: ObjectStore = adapters.connect_objects(settings)
    return objects


def connect_statistics(settings: Settings) -> "StatisticsStore":
    """The statistics alone: a job on a platform's own Spark has none of the other ports' SDKs."""
    adapters = import_module(f"scienceops.adapters.{settings.cloud}")
    connect_it = getattr(adapters, "connect_statistics", None)
    store: StatisticsStore = connect_it(settings) if connect_it else connect(settings).statistics
    return store


def connect_calling(settings: Settings) -> "Calling":
    """What asks deployed versions, alone: a job in a version's image has no other port's code."""
    from scienceops.ports import Calling

    adapters = import_module(f"scienceops.adapters.{settings.cloud}")
    connect_it = getattr(adapters, "connect_calling", None)
    if connect_it:
        calling: Calling = connect_it(settings)
        return calling
    ports = connect(settings)
    return Calling(ports.registry, ports.runtime, ports.secrets)


def connect_disk(settings: Settings) -> "DiskGarbage | None":
    """What lies beside the bucket, on a platform that keeps something there."""
    adapters = import_module(f"scienceops.adapters.{settings.cloud}")
    connect_it = getattr(adapters, "connect_disk", None)
    disk: DiskGarbage | None = connect_it(settings) if connect_it else None
    return disk


def explain(error: Exception, settings: Settings) -> str:
    """What a person is told of an error that only the platform's SDK knows; empty of any other."""
    explain_it = getattr(import_module(f"scienceops.adapters.{settings.cloud}"), "explain", None)
    told: str = explain_it(error, settings) if explain_it else ""
    return told


def train_in_container(folder: Path, requirements: Sequence[str], settings: Settings) -> None:
    """Train the project in this folder in the image that a retraining of it will run in."""
    from scienceops.adapters.engine import train_container

    train_container.train_in_container(folder, requirements, settings)


def build_app(settings: Settings | None = None) -> "App":
    """The App of this process, from its environment unless settings are given."""
    from scienceops.app import App

    chosen = settings or load_settings()
    return App(connect(chosen), chosen)
