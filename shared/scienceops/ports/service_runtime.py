"""ServiceRuntime: runs a version's image as a service and carries requests to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from scienceops.bodies import Body, whole


class Observed(StrEnum):
    """What the platform says of a deployment."""

    STARTING = "starting"
    READY = "ready"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True)
class DeployOrder:
    """What to run. Starting what already runs changes nothing.

    runtime: on which of the platform's runtimes, one of core.policy's; a platform without it tells
    so as a start that FAILED.
    """

    service: str
    version: int
    image: str
    package_key: str
    package_digest: str
    #: sha256 (hex) of the one key that the scorer accepts from the gateway.
    gateway_key_sha256: str
    settings: Mapping[str, str]
    runtime: str = "auto"


@dataclass(frozen=True)
class ServiceStatus:
    """How a deployment stands; `endpoint` is what `call` takes, set when READY."""

    service: str
    version: int
    observed: Observed
    endpoint: str = ""
    reason: str = ""
    log_tail: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reply:
    """An HTTP answer of a scorer; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: Body

    @property
    def content(self) -> bytes:
        """The body in memory, for who asked for little."""
        return whole(self.body)


class ServiceRuntime(Protocol):
    """One deployment per (service, version)."""

    def start(self, order: DeployOrder) -> None:
        """Begin to run it; returns before it is ready. A FAILED or STOPPED one starts afresh."""
        ...

    def status(self, service: str, version: int) -> ServiceStatus:
        """How it stands; READY means its /readyz answers 200. An unknown one is STOPPED."""
        ...

    def stop(self, service: str, version: int) -> None:
        """Let it answer what it has accepted and ship its captures, then end it; returns at once.

        Nothing happens when it is not running.
        """
        ...

    def deployments(self) -> list[ServiceStatus]:
        """Every deployment the platform runs, or tried to and failed."""
        ...

    def call(
        self,
        endpoint: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: Body = b"",
        timeout_seconds: float = 60,
    ) -> Reply:
        """Send one HTTP request to a scorer, over kept-alive connections.

        The scorer gets the same from a body in a file as from one in memory, with its length; of a
        file, which other calls may be reading, only pieces are in memory, unless the platform
        carries a call as a whole. A large reply comes back in a file, whole: whoever passes it on
        slowly keeps no scorer waiting. Raises NoRoomForBody when that does not fit on the disk.
        Retries only while no byte of the request was sent; raises ServiceNotReady when the
        scorer cannot be reached, died before it answered, or takes longer than the time given.
        """
        ...
