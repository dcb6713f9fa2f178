"""Containers: what one of ours is made of, and how little it may do."""

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from docker.types import LogConfig, Mount

from scienceops.adapters.engine.bucket_socket import Rights
from scienceops.adapters.engine.connection import OWNER_LABEL
from scienceops.adapters.local.files import write_whole
from scienceops.adapters.local.processes import birth_of, is_alive
from scienceops.adapters.local.socket_folder import SOCKET_OF_CONTAINER
from scienceops.adapters.oci.settings_inside import settings_inside
from scienceops.config import PREFIX, Settings

CLIENT_LABEL = "io.scienceops.client"

#: Inside a container: its sockets, and the spool of captures.
FOLDER, SPOOL = "/run/scienceops", "/var/spool/scienceops"
SOCKET, BUCKET, ALIVE, CLIENT = SOCKET_OF_CONTAINER, "bucket", "alive", "client"

#: A user that exists on no machine, when the platform itself runs as root.
NOBODY = 10001
MOST_PROCESSES = 512

_LONGEST_CLIENT_BYTES = 100


@dataclass(frozen=True)
class ContainerOrder:
    """One container to run.

    name: unique for all time. folder: of this machine, for the container's sockets, made and
    removed with it. spool: a folder that outlives it, if it needs one. grace_seconds: how long
    after SIGTERM it is killed.
    """

    engine: str
    image: str
    name: str
    folder: str
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    spool: str = ""
    rights: Rights = field(default_factory=Rights)
    memory_mb: int = 1024
    cpus: float = 1.0
    grace_seconds: int = 10

    def to_text(self) -> str:
        """As the one argument of the program that runs it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "ContainerOrder":
        """What `to_text` gave."""
        found: dict[str, Any] = json.loads(text)
        rights = {name: tuple(prefixes) for name, prefixes in found.pop("rights").items()}
        command = tuple(found.pop("command"))
        return cls(**found, command=command, rights=Rights(**rights))


def settings_here(settings: Settings) -> dict[str, str]:
    """The settings of the platform that a container of this machine goes by."""
    return {
        **settings_inside(settings),
        f"{PREFIX}HOME": "/tmp/scienceops",  # noqa: S108  # In the container, for it alone.
        f"{PREFIX}BUCKET_SOCKET": f"{FOLDER}/{BUCKET}",
    }


def user_inside() -> tuple[int, int]:
    """(user, group) that a container runs as: ours, or nobody's when ours is root."""
    return (os.getuid(), os.getgid()) if os.getuid() else (NOBODY, NOBODY)


def prepare_folders(order: ContainerOrder) -> None:
    """Make the folders that a container shares, for its user alone."""
    folder = Path(order.folder)
    folder.mkdir(mode=0o700)
    # Whole at once: others take a folder whose client they cannot make out for one left behind.
    write_whole(folder / CLIENT, this_client().encode())
    os.mkfifo(folder / ALIVE, 0o600)
    if os.getuid() == 0:
        spool = Path(order.spool) if order.spool else None
        shared = [folder, folder / ALIVE, *([spool, *spool.iterdir()] if spool else [])]
        for path in shared:
            # The container writes into its spool: a link there may name any file of this machine,
            # and what a container that drains has shipped is gone by now.
            with contextlib.suppress(FileNotFoundError):
                os.chown(path, *user_inside(), follow_symlinks=False)


def this_client() -> str:
    """This process, as a container and its folder name whoever runs them."""
    return f"{os.getpid()} {birth_of(os.getpid())}"


def client_of(folder: Path) -> str:
    """Whom a container's folder names; empty for a socket of a process and a folder half made.

    The container may have put something else there: a pipe that nobody writes to, a link.
    """
    try:
        file = os.open(folder / CLIENT, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        return os.read(file, _LONGEST_CLIENT_BYTES).decode(errors="replace")
    except OSError:
        return ""
    finally:
        os.close(file)


def has_client(named: str) -> bool:
    """Whether the process lives that `this_client` named."""
    pid, _, birth = named.partition(" ")
    return pid.isdecimal() and is_alive(int(pid), birth)


def options_of(order: ContainerOrder, host_config: Any) -> dict[str, Any]:
    """The arguments of docker-py's create_container.

    host_config: docker-py's create_host_config.
    """
    mounts = [Mount(FOLDER, order.folder, type="bind")]
    if order.spool:
        mounts.append(Mount(SPOOL, order.spool, type="bind"))
    return {
        "image": order.image,
        "name": order.name,
        "command": list(order.command) or None,
        "environment": dict(order.environment),
        "labels": {**order.labels, CLIENT_LABEL: this_client()},
        "user": "{}:{}".format(*user_inside()),
        "host_config": host_config(
            mounts=mounts,
            tmpfs={"/tmp": "rw,nosuid,nodev,mode=1777"},  # noqa: S108  # In the container.
            # It is reached by its socket, and reaches the bucket by another: it needs no network.
            network_mode="none",
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            mem_limit=f"{order.memory_mb}m",
            memswap_limit=f"{order.memory_mb}m",
            nano_cpus=int(order.cpus * 1e9),
            pids_limit=MOST_PROCESSES,
            # What it writes is read as it comes; the engine need not keep it too.
            log_config=LogConfig(type="none"),
        ),
    }


def owner_labels(home: Path, **facts: object) -> dict[str, str]:
    """Labels by which a container or image is known as of this home."""
    named = {f"io.scienceops.{name}": str(value) for name, value in facts.items()}
    return {OWNER_LABEL: str(home), **named}
