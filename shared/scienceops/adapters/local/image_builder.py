"""EnvironmentImageBuilder: the embedded builder, one Python environment per requirements."""

import importlib.metadata
import sys
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from scienceops.adapters.local.build_environment import FAILED
from scienceops.adapters.local.files import make_folders, write_once, write_whole
from scienceops.adapters.local.images import (
    RUNNING,
    environment_folder,
    import_path,
    is_complete,
)
from scienceops.adapters.local.tasks import LOG, Task, TaskState
from scienceops.adapters.oci.build_context import scorer_requirements
from scienceops.config import Settings, child_environment
from scienceops.core.names import plain_name
from scienceops.ports.image_builder import BuildOrder, BuildState, BuildStatus

TIMEOUT_SECONDS = 1800

_IMAGE = "image"
_NEEDS = "requirements.txt"
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


class EnvironmentImageBuilder:
    """ImageBuilder without a container engine: the running environment where it fits, else a venv.

    Each build has a folder under home/builds; the environments it makes are shared by their hash.
    always: what is needed beside a package's own requirements; the scorer's list when not given.
    """

    def __init__(
        self, home: Path, settings: Settings, *, always: Sequence[str] | None = None
    ) -> None:
        self._home = home
        self._settings = settings
        self._always = scorer_requirements() if always is None else list(always)

    def start(self, order: BuildOrder) -> str:
        """Begin the build, unless this environment or an earlier build will do."""
        build_id = plain_name(order.key)
        folder = self._folder(build_id)
        make_folders(folder)
        # One environment does both: what is installed in it and not used costs a scorer nothing.
        needs = sorted({*order.requirements, *(order.training or ()), *self._always})
        # Decided once: what a build will give must not change while it is being followed.
        write_once(folder / _IMAGE, choose_image(order.python, needs).encode())
        image = (folder / _IMAGE).read_text()
        if image.startswith("python:"):
            text = f"{image} satisfies the package's requirements; nothing to build\n"
            write_whole(folder / LOG, text.encode())
        elif is_complete(_identity(image), self._home):
            write_whole(folder / LOG, f"{image} was built before\n".encode())
        else:
            write_whole(folder / _NEEDS, "\n".join([*needs, ""]).encode())
            target = environment_folder(_identity(image), self._home)
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
        tail = task.log_tail()
        if image.startswith("python:") or is_complete(_identity(image), self._home):
            return BuildStatus(BuildState.SUCCEEDED, image, log_tail=tail)
        found = task.outcome()
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
        inherited = environment.get("PYTHONPATH", "")
        environment["PYTHONPATH"] = import_path(RUNNING, inherited, self._home)
        program = "scienceops.adapters.local.build_environment"
        Task(folder).start(
            [sys.executable, "-m", program, python, str(target), str(folder / _NEEDS)],
            TIMEOUT_SECONDS,
            environment,
        )

    def _folder(self, build_id: str) -> Path:
        return self._home / "builds" / plain_name(build_id)


def choose_image(python: str, requirements: Iterable[str]) -> str:
    """The running environment when it satisfies everything, else the one of this hash."""
    lines = sorted(requirements)
    if python == _PYTHON and all(is_met(line) for line in lines):
        return RUNNING
    text = "\n".join([python, *lines])
    return f"environment:{sha256(text.encode()).hexdigest()[:16]}"


def is_met(line: str) -> bool:
    """Whether the running environment satisfies a requirement, those of its extras included.

    >>> is_met("packaging>=23"), is_met("packaging<1"), is_met("-e ."), is_met("no-such-thing")
    (True, False, False, False)
    """
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return False
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    try:
        found = importlib.metadata.distribution(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    # What an address holds cannot be told from the version that is installed.
    if requirement.url or not requirement.specifier.contains(found.version, prereleases=True):
        return False
    return all(
        is_met(f"{needed.name}{needed.specifier}")
        for extra in requirement.extras
        for needed in map(Requirement, found.requires or ())
        if needed.marker is not None
        and needed.marker.evaluate({"extra": extra})
        and not needed.marker.evaluate({"extra": ""})
    )


def _identity(image: str) -> str:
    return image.partition(":")[2]
