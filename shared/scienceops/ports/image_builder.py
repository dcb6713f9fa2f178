"""ImageBuilder: turns a package's requirements into something that can serve it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class BuildState(StrEnum):
    """Where a build stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class BuildOrder:
    """What to build. `key` names the attempt: the same key is the same build.

    requirements: what serving the package takes. training: what retraining it takes, None where
    that is the same.
    """

    key: str
    service: str
    version: int
    package_key: str
    package_digest: str
    requirements: tuple[str, ...]
    python: str
    training: tuple[str, ...] | None = None


@dataclass(frozen=True)
class BuildStatus:
    """How a build stands. `image` is set when it succeeded, `reason` when it failed.

    training_image: runs the package's training; empty where `image` does that too.
    """

    state: BuildState
    image: str = ""
    reason: str = ""
    log_tail: tuple[str, ...] = ()
    training_image: str = ""


class ImageBuilder(Protocol):
    """Builds outlive the caller: start, then ask."""

    def start(self, order: BuildOrder) -> str:
        """Begin the build and return its id; with a key seen before, return that build's id."""
        ...

    def status(self, build_id: str) -> BuildStatus:
        """How the build stands; an id that is unknown or whose builder died is FAILED, with the
        reason. `log_tail` holds the last 20 lines."""
        ...

    def log(self, build_id: str) -> str:
        """The whole log so far; empty for an unknown id."""
        ...
