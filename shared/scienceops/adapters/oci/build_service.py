"""BuildService: what builds an environment's images where there is no engine of our own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from scienceops.adapters.oci.build_context import BuildContext
from scienceops.ports.image_builder import BuildState


@dataclass(frozen=True)
class BuildRun:
    """One run of the service: images of one context.

    key: names the run, in letters, digits and hyphens, at most 64; a service that knows how gives
    the same key the same run. tags: the tag of each target, in the order in which they are built.
    """

    key: str
    context: BuildContext
    tags: Mapping[str, str]


@dataclass(frozen=True)
class RunStatus:
    """How a run stands. `reason` says how it ended when it FAILED, if its log may not.

    shown: False of one that the service does not know, where it may not yet.
    """

    state: BuildState
    reason: str = ""
    shown: bool = True


class BuildService(Protocol):
    """CodeBuild, ACR Tasks and their like. Runs outlive the caller: start, then ask."""

    def start(self, run: BuildRun) -> str:
        """Begin to build each target of the context and to push it under its tag; the run's id.

        Raises Unavailable while the service takes no more runs.
        """
        ...

    def status(self, run_id: str) -> RunStatus:
        """How the run stands; FAILED for an id that the service does not know."""
        ...

    def log(self, run_id: str) -> str:
        """What the run has written so far; empty when there is nothing yet."""
        ...
