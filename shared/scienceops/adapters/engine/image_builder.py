"""EngineImageBuilder: environments built by the container engine, model images without it."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from scienceops.adapters.engine.build_image import FAILED, RESULT, WANTED, Order
from scienceops.adapters.engine.repository import repository_of
from scienceops.adapters.local.files import make_folders, write_once
from scienceops.adapters.local.import_path import import_path
from scienceops.adapters.local.tasks import Task, TaskState
from scienceops.adapters.oci.build_context import scorer_requirements
from scienceops.adapters.oci.image_order import ImageOrder
from scienceops.config import Settings, child_environment
from scienceops.core.names import plain_name
from scienceops.ports.image_builder import BuildOrder, BuildState, BuildStatus

TIMEOUT_SECONDS = 3600


class EngineImageBuilder:
    """ImageBuilder with an engine. Each build is a task in a folder under home/builds.

    always: what is needed beside a package's own requirements; the scorer's list when not given.
    """

    def __init__(
        self, home: Path, settings: Settings, *, always: Sequence[str] | None = None
    ) -> None:
        self._home = home
        self._settings = settings
        self._always = scorer_requirements() if always is None else list(always)

    def start(self, order: BuildOrder) -> str:
        """Begin the build under its key."""
        build_id = plain_name(order.key)
        folder = self._folder(build_id)
        make_folders(folder)
        wanted = Order(
            engine=self._settings.engine,
            repository=repository_of(self._settings),
            owner=str(self._home),
            images=ImageOrder.of(order, base_image=self._settings.base_image, always=self._always),
        )
        environment = child_environment(self._settings, {})
        environment["PYTHONPATH"] = import_path(self._home, environment.get("PYTHONPATH", ""))
        program = "scienceops.adapters.engine.build_image"
        write_once(folder / WANTED, wanted.to_text().encode())
        Task(folder).start([sys.executable, "-m", program, "."], TIMEOUT_SECONDS, environment)
        return build_id

    def status(self, build_id: str) -> BuildStatus:
        """How the build stands."""
        folder = self._folder(build_id)
        task = Task(folder)
        found, tail = task.outcome(), task.log_tail()
        if found.state is TaskState.UNKNOWN:
            return BuildStatus(BuildState.FAILED, reason=f"no build {build_id!r} was ever started")
        if found.state is TaskState.RUNNING:
            return BuildStatus(BuildState.RUNNING, log_tail=tail)
        if found.state is TaskState.SUCCEEDED:
            result = json.loads((folder / RESULT).read_bytes())
            return BuildStatus(
                BuildState.SUCCEEDED,
                result["image"],
                log_tail=tail,
                training_image=result["training_image"],
            )
        told = tail[-1].removeprefix(FAILED) if tail and tail[-1].startswith(FAILED) else ""
        reason = f"the image was not built: {told or found.reason}"
        return BuildStatus(BuildState.FAILED, reason=reason, log_tail=tail)

    def log(self, build_id: str) -> str:
        """The build's output so far."""
        return Task(self._folder(build_id)).log()

    def _folder(self, build_id: str) -> Path:
        return self._home / "builds" / plain_name(build_id)
