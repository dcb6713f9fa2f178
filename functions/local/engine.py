"""The engine of one `up`: found once, with a registry of its own when none was named."""

import threading
from dataclasses import dataclass

from functions.local.web_server import WebServer
from scienceops.adapters.engine.connection import find_engine
from scienceops.adapters.engine.repository import own_port, repository_of
from scienceops.adapters.oci.registry import OciRegistry
from scienceops.config import Settings, docker_host


@dataclass(frozen=True)
class Containers:
    """Whether this `up` builds and runs containers, and what it needs for that.

    settings: with the engine settled. told: a line that says how models will run, and why.
    """

    settings: Settings
    told: str
    registry: WebServer | None = None


def settle_engine(settings: Settings, stop: threading.Event) -> Containers:
    """Choose for this `up`; raises EngineUnavailable or BadSetting for one that was named.

    stop: set once the `up` is told to stop.
    """
    engine, why = find_engine(settings.engine, docker_host())
    if engine is None:
        told = f"Models run as processes of this user, without a sandbox: {why}"
        return Containers(settings.model_copy(update={"engine": "none"}), told)
    chosen = settings.model_copy(update={"engine": engine.address})
    told = f"Models run in containers: {why}, images in {repository_of(chosen)}"
    if chosen.images:
        # Told now, and not by the first build.
        OciRegistry(chosen.images)
        return Containers(chosen, told)
    registry = WebServer(
        "functions.local.images",
        own_port(chosen.home),
        chosen.home / "logs" / "images.log",
        [str(chosen.home)],
        stop=stop,
        remedy="the names of this home's images hold it, so stop what uses it",
    )
    return Containers(chosen, told, registry)
