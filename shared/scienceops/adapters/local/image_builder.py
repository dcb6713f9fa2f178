"""EnvironmentImageBuilder: the embedded builder, one Python environment per requirements."""

import sys
from collections.abc import Sequence
from pathlib import Path

from scienceops.adapters.local.build_environment import FAILED
from scienceops.adapters.local.environments import Environments
from scienceops.adapters.local.files import make_folders, write_whole
from scienceops.adapters.local.import_path import import_path
from scienceops.adapters.local.tasks import LOG, Task, TaskState
from scienceops.config import Settings, child_environment
from scienceops.core.names import plain_name
from scienceops.ports.image_builder import BuildOrder, BuildState, BuildStatus

TIMEOUT_SECONDS = 1800

_IMAGE = "image"
_NEEDS = "requirements.txt"


class EnvironmentImageBuilder:
    """ImageBuilder without a container engine: the running environment where it fits, else a venv.

    Each build has a folder under home/builds; the environments it makes are shared by their hash.
    always: as for Environments.
    """

    def __init__(
        self, home: Path, settings: Settings, *, always: Sequence[str] | None = None
    ) -> None:
        self._home = home
        self._settings = settings
        self._environments = Environments(home, always)

    def start(self, order: BuildOrder) -> str:
        """Begin the build, unless this environment or an earlier build will do."""
        build_id = plain_name(order.key)
        folder = self._folder(build_id)
        make_folders(folder)
        # One environment does both: what is installed in it and not used costs a scorer nothing.
        requirements = {*order.requirements, *(order.training or ())}
        image = self._environments.keep(order.python, requirements)
        # The same order is the same image, except that an earlier release wrote another name of it.
        write_whole(folder / _IMAGE, image.encode())
        needs = self._environments.needs(image)
        if not needs.unmet():
            text = f"{sys.executable} satisfies the package's requirements; nothing to build\n"
            write_whole(folder / LOG, text.encode())
        elif self._environments.take(needs):
            write_whole(folder / LOG, f"{image} was built before\n".encode())
        else:
            write_whole(folder / _NEEDS, "\n".join([*needs.lines, ""]).encode())
            target = self._environments.folder(needs)
            make_folders(target.parent)
            self._start_task(folder, order.python, target)
        return build_id

    def status(self, build_id: str) -> BuildStatus:
        """How the build stands."""
        task = Task(self._folder(build_id))
        try:
            image = (self._folder(build_id) / _IMAGE).read_text()
        except FileNotFoundError:
            return BuildStatus(BuildState.FAILED, reason=f"no build {build_id!r} was ever started")
        needs = self._environments.needs(image)
        # First how it stands and then what it left, for a build may end between any two looks.
        found = task.outcome()
        done = self._environments.is_there(needs) or not needs.unmet()
        tail = task.log_tail()
        if done:
            return BuildStatus(BuildState.SUCCEEDED, image, log_tail=tail)
        if found.state is TaskState.RUNNING:
            return BuildStatus(BuildState.RUNNING, log_tail=tail)
        told = tail[-1].removeprefix(FAILED) if tail and tail[-1].startswith(FAILED) else ""
        reason = told or found.reason or "its folder is gone"
        return BuildStatus(
            BuildState.FAILED, reason=f"the environment was not built: {reason}", log_tail=tail
        )

    def log(self, build_id: str) -> str:
        """The build's output so far."""
        return Task(self._folder(build_id)).log()

    def _start_task(self, folder: Path, python: str, target: Path) -> None:
        environment = child_environment(self._settings, {})
        environment["PYTHONPATH"] = import_path(self._home, environment.get("PYTHONPATH", ""))
        program = "scienceops.adapters.local.build_environment"
        Task(folder).start(
            [sys.executable, "-m", program, python, str(target), str(folder / _NEEDS)],
            TIMEOUT_SECONDS,
            environment,
        )

    def _folder(self, build_id: str) -> Path:
        return _folder_of_build(self._home, build_id)


def image_of_build(home: Path, build_id: str) -> str:
    """The image that a build makes or has made; empty for one that was never started."""
    try:
        return (_folder_of_build(home, build_id) / _IMAGE).read_text()
    except FileNotFoundError:
        return ""


def _folder_of_build(home: Path, build_id: str) -> Path:
    return home / "builds" / plain_name(build_id)
