"""The eight things the core needs from a platform, and the one bundle that carries them."""

from dataclasses import dataclass

from scienceops.ports.image_builder import ImageBuilder
from scienceops.ports.job_launcher import JobLauncher
from scienceops.ports.message_queue import MessageQueue
from scienceops.ports.model_registry import ModelRegistry
from scienceops.ports.object_store import ObjectStore
from scienceops.ports.secret_store import SecretStore
from scienceops.ports.service_runtime import ServiceRuntime
from scienceops.ports.statistics_store import StatisticsStore


@dataclass(frozen=True)
class Ports:
    """One adapter for each port, all of the same platform."""

    objects: ObjectStore
    queue: MessageQueue
    registry: ModelRegistry
    builder: ImageBuilder
    runtime: ServiceRuntime
    jobs: JobLauncher
    statistics: StatisticsStore
    secrets: SecretStore


@dataclass(frozen=True)
class Calling:
    """What it takes to ask a deployed version as the gateway does."""

    registry: ModelRegistry
    runtime: ServiceRuntime
    secrets: SecretStore
