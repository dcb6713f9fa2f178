"""Connection: the container engine of this machine, and why there is none when there is none."""

import sys
from dataclasses import dataclass
from pathlib import Path

import docker
import requests
import urllib3
from docker.errors import DockerException

from scienceops.errors import EngineUnavailable

CONNECT_SECONDS = 5
#: An engine may be busy with a build while it is asked for something else.
CALL_SECONDS = 120
#: Addresses that are tried when none is given.
SOCKETS = ("/var/run/docker.sock", "/run/podman/podman.sock")

#: Every container and image that a platform makes carries the home that it belongs to.
OWNER_LABEL = "io.scienceops.owner"

#: What docker-py raises when an engine is not there, or goes away in the middle.
AWAY = (
    DockerException,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    OSError,
)


@dataclass(frozen=True)
class Engine:
    """An engine that answered."""

    address: str
    name: str


def find_engine(asked: str, docker_host: str) -> tuple[Engine | None, str]:
    """(the engine, its name), or (None, why there is none).

    asked: `auto` for one that answers, `none`, or its address. docker_host: the address that
    Docker's own tools would use. Raises EngineUnavailable when an address was asked for and
    nothing that can be used answers there.
    """
    if asked == "none":
        return None, "SCIENCEOPS_ENGINE=none"
    if sys.platform != "linux":
        return None, "containers are used on Linux alone, where they share sockets with processes"
    if asked != "auto":
        engine, why = _look(asked)
        if engine is None:
            raise EngineUnavailable(f"SCIENCEOPS_ENGINE={asked}: {why}")
        return engine, why
    if docker_host:
        return _look(docker_host)
    for path in SOCKETS:
        if Path(path).exists():
            return _look(f"unix://{path}")
    return None, f"no container engine at {' or '.join(SOCKETS)}"


def connect(address: str) -> docker.DockerClient:
    """A client of the engine at an address; raises EngineUnavailable."""
    try:
        return docker.DockerClient(base_url=address, timeout=CALL_SECONDS, version="auto")
    except AWAY as error:
        raise EngineUnavailable(f"the container engine at {address} does not answer") from error


def _look(address: str) -> tuple[Engine | None, str]:
    try:
        client = docker.DockerClient(base_url=address, timeout=CONNECT_SECONDS, version="auto")
        try:
            facts, version = client.info(), client.version()
        finally:
            client.close()
    except (*AWAY, ValueError) as error:
        if "Permission denied" in str(error):
            return None, f"this user may not use the engine at {address}: join its group"
        return None, f"no container engine answers at {address} ({type(error).__name__})"
    if any("rootless" in option for option in facts.get("SecurityOptions") or ()):
        return None, f"the engine at {address} is rootless, and its users are not this machine's"
    if not address.startswith("unix://"):
        # Its containers would not see this machine's sockets and folders.
        return None, f"the engine at {address} may be another machine's: wanted unix://PATH"
    parts = [part.get("Name", "") for part in version.get("Components") or ()]
    kind = "podman" if any("Podman" in part for part in parts) else "docker"
    name = f"{kind} {version.get('Version', '')} at {address}"
    return Engine(address, name), name
