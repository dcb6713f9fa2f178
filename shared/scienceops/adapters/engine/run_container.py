"""Run one container to its end: `python -m scienceops.adapters.engine.run_container ORDER`.

The process stands for its container: its output is the container's, its exit code too, and its
SIGTERM stops it. When it is killed, or whoever holds its standard input dies, the container sees
the FIFO `alive` close and ends by itself.
"""

import contextlib
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import docker
from docker.errors import APIError, ImageNotFound, NotFound

from scienceops.adapters.engine.bucket_socket import BucketSocket
from scienceops.adapters.engine.connection import AWAY, OWNER_LABEL, connect
from scienceops.adapters.engine.containers import (
    ALIVE,
    BUCKET,
    CLIENT_LABEL,
    ContainerOrder,
    client_of,
    has_client,
    options_of,
    prepare_folders,
)
from scienceops.adapters.engine.patience import patiently, say
from scienceops.adapters.engine.repository import credentials_of
from scienceops.adapters.local import connect_objects
from scienceops.config import load_settings
from scienceops.errors import EngineUnavailable, RegistryRefused, ScienceOpsError
from scienceops.serving import STDIN, when_closed

LOOK_SECONDS = 0.1
RECONNECT_SECONDS = 1.0
#: The output ends a moment before its container does; after so many looks, the stream has broken.
LOOKS = 20


def main(order: ContainerOrder, *, watch_stdin: bool) -> int:
    """Run it; the exit code of its first process, or 1 after saying what went wrong."""
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    if watch_stdin:
        when_closed(STDIN, asked.set)
    try:
        with _shared_folder(order):
            return _run(order, asked)
    except ScienceOpsError as error:
        say(str(error))
    except APIError as error:
        say(f"the engine refused: {error.explanation or error}")
    except AWAY as error:
        say(f"the container engine at {order.engine} failed: {error}")
    return 1


@contextlib.contextmanager
def _shared_folder(order: ContainerOrder) -> Iterator[None]:
    """The folder with the container's sockets, served while it runs."""
    prepare_folders(order)
    folder = Path(order.folder)
    try:
        bucket = BucketSocket(folder / BUCKET, connect_objects(load_settings()), order.rights)
        # Held for writing while this process lives, however it dies.
        alive = os.open(folder / ALIVE, os.O_RDWR)
        try:
            yield
        finally:
            os.close(alive)
            bucket.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(order: ContainerOrder, asked: threading.Event) -> int:
    client = patiently(lambda: connect(order.engine))
    _sweep(client, order)
    patiently(lambda: _pull(client, order.image))
    if asked.is_set():
        return 0
    options = options_of(order, client.api.create_host_config)
    identity = client.api.create_container(**options)["Id"]
    done = threading.Event()
    stopper = threading.Thread(target=_stop_when_asked, args=(order, identity, asked, done))
    stopper.start()
    try:
        # Attached first, so that its first words are heard.
        output = client.api.attach(identity, stream=True, logs=False)
        client.api.start(identity)
        return _follow(order, identity, output, asked)
    finally:
        done.set()
        asked.set()
        stopper.join()
        with contextlib.suppress(*AWAY, ScienceOpsError):
            # Not by the engine: one that is restarted removes those that run, too.
            connect(order.engine).api.remove_container(identity, force=True)


def _follow(
    order: ContainerOrder, identity: str, output: Iterator[bytes], asked: threading.Event
) -> int:
    """Pass the container's output on until it has ended; its exit code."""
    looks = 0
    while True:
        with contextlib.suppress(*AWAY):
            for piece in output:
                sys.stdout.buffer.write(piece)
                sys.stdout.buffer.flush()
        # The engine may have gone away, or only its stream; the container runs on without it.
        client = _reconnect(order, asked)
        try:
            state = client.api.inspect_container(identity)["State"]
            if not state["Running"]:
                break
            looks += 1
            if looks > LOOKS:
                output, looks = client.api.attach(identity, stream=True, logs=False), 0
        except NotFound:
            say("the container is gone, and its engine did not say how it ended")
            return 1
        except AWAY:
            # Gone again in this moment; the next look waits for it.
            pass
        time.sleep(LOOK_SECONDS)
    if state["OOMKilled"]:
        say(
            f"it used more than its {order.memory_mb} MB of memory: "
            "allow more with SCIENCEOPS_CONTAINER_MEMORY_MB"
        )
    elif state["ExitCode"] == 128 + signal.SIGKILL and not asked.is_set():
        say("it was killed from outside")
    return int(state["ExitCode"])


def _reconnect(order: ContainerOrder, asked: threading.Event) -> docker.DockerClient:
    """The engine, however long it is away: a container that it left running answers meanwhile."""
    is_told = False
    while True:
        try:
            return connect(order.engine)
        except EngineUnavailable as error:
            if asked.is_set():
                # The FIFO closes with this process, so that the container drains all the same.
                raise
            if not is_told:
                say(f"{error}; waiting for it")
            is_told = True
            asked.wait(RECONNECT_SECONDS)


def _pull(client: docker.DockerClient, image: str) -> None:
    """Have the image, by its digest and no other."""
    try:
        client.images.get(image)
    except ImageNotFound:
        repository, _, digest = image.partition("@")
        login = credentials_of(repository)
        auth = {"username": login[0], "password": login[1]} if login else None
        began = time.monotonic()
        try:
            for line in client.api.pull(
                repository, tag=digest, stream=True, decode=True, auth_config=auth
            ):
                if "error" in line:
                    raise EngineUnavailable(f"{image} was not pulled: {line['error']}") from None
        except NotFound:
            raise RegistryRefused(f"{image} is not in its registry any more") from None
        except APIError as error:
            raise EngineUnavailable(f"{image} was not pulled: {error.explanation}") from None
        say(f"pulled {image} in {time.monotonic() - began:.1f} s")


def _stop_when_asked(
    order: ContainerOrder, identity: str, asked: threading.Event, done: threading.Event
) -> None:
    asked.wait()
    while not done.is_set():
        with contextlib.suppress(*AWAY, ScienceOpsError):
            # The engine sends SIGTERM, and SIGKILL when that is not enough.
            connect(order.engine).api.stop(identity, timeout=order.grace_seconds)
        done.wait(LOOK_SECONDS)


def _sweep(client: docker.DockerClient, order: ContainerOrder) -> None:
    """Remove what clients that died have left: their folders, containers that do not run."""
    sweep_folders(Path(order.folder).parent)
    owned = f"{OWNER_LABEL}={order.labels[OWNER_LABEL]}"
    for found in client.api.containers(all=True, filters={"label": owned}):
        if found["State"] in ("created", "exited", "dead") and not has_client(
            found["Labels"].get(CLIENT_LABEL, "")
        ):
            with contextlib.suppress(APIError):
                client.api.remove_container(found["Id"], force=True)


def sweep_folders(place: Path) -> None:
    """Remove the folders of containers whose clients have died; others may do so meanwhile."""
    for folder in place.iterdir():
        named = client_of(folder)
        if named and not has_client(named):
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(ContainerOrder.from_text(sys.argv[1]), watch_stdin="--watch" in sys.argv[2:]))
