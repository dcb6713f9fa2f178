"""Programs: the commands that run a scorer or a job in a container, as processes of this machine.

The runtime and the launcher treat them as they treat a scorer or a job without a container.
"""

import os
import sys
import uuid
from pathlib import Path

from scienceops.adapters.engine.bucket_socket import Rights
from scienceops.adapters.engine.connection import find_engine
from scienceops.adapters.engine.containers import (
    ALIVE,
    FOLDER,
    SOCKET,
    SPOOL,
    ContainerOrder,
    owner_labels,
    settings_here,
)
from scienceops.adapters.local.socket_folder import socket_folder
from scienceops.config import SCORER_PREFIX, Settings, docker_host
from scienceops.core.names import CAPTURES, access_key
from scienceops.errors import EngineUnavailable
from scienceops.ports.job_launcher import JobOrder
from scienceops.ports.service_runtime import DeployOrder

#: A scorer that has not drained by then is killed by the engine.
SCORER_GRACE_SECONDS = 50
#: A job's supervisor waits five seconds before it kills what is left.
JOB_GRACE_SECONDS = 3

_PROGRAM = "scienceops.adapters.engine.run_container"


def scorer_command(
    order: DeployOrder, replica: str, spool: Path, settings: Settings
) -> tuple[list[str], Path]:
    """(the command, the socket at which the scorer will answer)."""
    folder = socket_folder(settings.home) / replica
    scorer = {
        "BIND": f"unix:{FOLDER}/{SOCKET}",
        "SPOOL": SPOOL,
        "REPLICA": replica,
        "GATEWAY_KEY_SHA256": order.gateway_key_sha256,
        "WATCH": f"{FOLDER}/{ALIVE}",
    }
    named = {SCORER_PREFIX + name: value for name, value in scorer.items()}
    container = ContainerOrder(
        engine=address_of_engine(settings),
        image=order.image,
        name=f"scienceops-{order.service}-{order.version}-{replica}",
        folder=str(folder),
        environment={**order.settings, **settings_here(settings), **named},
        labels=owner_labels(settings.home, service=order.service, version=order.version),
        spool=str(spool),
        rights=Rights(
            read=(access_key(order.service),) if "SCORER_DIRECT" in order.settings else (),
            write=(f"{CAPTURES}{order.service}/{order.version}/",),
        ),
        memory_mb=settings.container_memory_mb,
        cpus=min(settings.container_cpus, os.cpu_count() or 1),
        grace_seconds=SCORER_GRACE_SECONDS,
    )
    return [sys.executable, "-m", _PROGRAM, container.to_text(), "--watch"], folder / SOCKET


def job_command(order: JobOrder, settings: Settings) -> list[str]:
    """The command of a job in its container."""
    replica = uuid.uuid4().hex[:12]
    container = ContainerOrder(
        engine=address_of_engine(settings),
        image=order.image,
        name=f"scienceops-job-{replica}",
        folder=str(socket_folder(settings.home) / replica),
        command=("scorer_container.job", f"{FOLDER}/{ALIVE}", order.module, *order.arguments),
        environment={**settings_here(settings), **order.settings},
        labels=owner_labels(settings.home, job=order.key),
        rights=Rights(read=order.reads, write=order.writes),
        memory_mb=settings.container_memory_mb,
        cpus=min(settings.container_cpus, os.cpu_count() or 1),
        grace_seconds=JOB_GRACE_SECONDS,
    )
    return [sys.executable, "-m", _PROGRAM, container.to_text()]


def address_of_engine(settings: Settings) -> str:
    """The engine's address; raises EngineUnavailable saying why there is none."""
    if settings.engine not in ("auto", "none"):
        # It was found before; that it answers is for the program to see, which can wait for it.
        return settings.engine
    engine, why = find_engine(settings.engine, docker_host())
    if engine is None:
        raise EngineUnavailable(f"a container image needs a container engine, and {why}")
    return engine.address
