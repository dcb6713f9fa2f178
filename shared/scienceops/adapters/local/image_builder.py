"""EnvironmentImageBuilder: the embedded builder, one Python environment per requirements."""

import hashlib
import importlib.metadata
import sys
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement

from scienceops.adapters.local.images import RUNNING, environment_folder
from scienceops.adapters.local.supervise import read_log, start_task, tail_of, task_state
from scienceops.ports.image_builder import BuildOrder, BuildState, BuildStatus

TIMEOUT_SECONDS = 1800
_MOVE = (
    "import os, shutil, sys; a, b = sys.argv[1:]; "
    "shutil.rmtree(a) if os.path.isdir(b) else os.rename(a, b)"
)
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


class EnvironmentImageBuilder:
    """ImageBuilder without a container engine: the running environment where it fits, else a venv.

    A build id is `running`, or `HASH/KEY`: the environment's hash and the attempt's key.
    """

    def __init__(self, home: Path) -> None:
        self._home = home

    def start(self, order: BuildOrder) -> str:
        """Begin the build, unless this environment or an earlier build will do."""
        missing = unsatisfied(order.requirements) if order.python == _PYTHON else ("python",)
        if not missing:
            return "running"
        needs = sorted({*order.requirements, *scorer_requirements()})
        text = "\n".join([order.python, *needs])
        identity = hashlib.sha256(text.encode()).hexdigest()[:16]
        build_id = f"{identity}/{order.key}"
        if not self._is_complete(identity):
            target = environment_folder(identity, self._home)
            start_task(
                self._folder(build_id),
                _steps(order.python, needs, build_id, target),
                TIMEOUT_SECONDS,
                {},
            )
        return build_id

    def status(self, build_id: str) -> BuildStatus:
        """How the build stands."""
        if build_id == "running":
            return BuildStatus(BuildState.SUCCEEDED, RUNNING)
        identity = build_id.partition("/")[0]
        if self._is_complete(identity):
            return BuildStatus(BuildState.SUCCEEDED, f"environment:{identity}")
        found = task_state(self._folder(build_id))
        tail = tail_of(read_log(self._folder(build_id)))
        if found["state"] == "running":
            return BuildStatus(BuildState.RUNNING, log_tail=tail)
        reason = f"the environment was not built: {found['reason'] or 'it is incomplete'}"
        return BuildStatus(BuildState.FAILED, reason=reason, log_tail=tail)

    def log(self, build_id: str) -> str:
        """The build's output so far."""
        if build_id == "running":
            return "the running environment satisfies the package's requirements\n"
        return read_log(self._folder(build_id))

    def _is_complete(self, identity: str) -> bool:
        return (environment_folder(identity, self._home) / "bin").is_dir()

    def _folder(self, build_id: str) -> Path:
        return self._home / "builds" / build_id.replace("/", "_")


def unsatisfied(requirements: tuple[str, ...]) -> tuple[str, ...]:
    """The requirements that the running environment does not meet."""
    return tuple(line for line in requirements if not _is_met(Requirement(line)))


def _is_met(requirement: Requirement) -> bool:
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    try:
        found = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return requirement.specifier.contains(found, prereleases=True)


def scorer_requirements() -> list[str]:
    """What the scorer itself needs, from its own short list."""
    spec = find_spec("scorer_container")
    folder = Path(spec.origin).parent if spec and spec.origin else Path()
    lines = (folder / "requirements.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _steps(python: str, needs: list[str], build_id: str, target: Path) -> list[list[str]]:
    # Built beside its place and moved there whole, so that two builds of it cannot clash.
    uv = [sys.executable, "-m", "uv"]
    beside = target.with_name(f".{build_id.replace('/', '_')}")
    inside = str(beside / "bin" / "python")
    return [
        [*uv, "venv", "--quiet", "--clear", "--relocatable", "--python", python, str(beside)],
        [*uv, "pip", "install", "--quiet", "--python", inside, *needs],
        [sys.executable, "-c", _MOVE, str(beside), str(target)],
    ]
