"""Train a project in a container: in the very image in which a retraining of it will run."""

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

from docker.errors import APIError
from docker.types import Mount

from scienceops.adapters.engine.connection import AWAY, connect, find_engine
from scienceops.adapters.engine.containers import CLIENT_LABEL, owner_labels, this_client
from scienceops.adapters.engine.environment_images import build_one
from scienceops.adapters.oci.build_context import TRAIN_TARGET, lay_out, scorer_requirements
from scienceops.config import Settings, docker_host
from scienceops.errors import BadInput, BuildFailed, EngineUnavailable, ModelFailed

FOLDER = "/project"

_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def train_in_container(folder: Path, requirements: Sequence[str], settings: Settings) -> None:
    """Run a project's training; what it prints goes to standard output, its result to build/.

    Unlike a scorer or a retraining, it may use the network: load() gets its rows where it likes.
    Raises EngineUnavailable, BadInput when the image cannot be built, ModelFailed.
    """
    engine, why = find_engine(settings.engine, docker_host())
    if engine is None:
        raise EngineUnavailable(f"--docker needs a container engine, and {why}")
    base = settings.base_image.format(python=_PYTHON)
    context = lay_out([*requirements, *scorer_requirements()], base)
    image = f"scienceops-training:{context.identity}"
    owner = str(settings.home)
    try:
        build_one(engine.address, context, TRAIN_TARGET, image, owner)
    except BuildFailed as error:
        raise BadInput(f"the project's environment was not built: {error}") from None
    client = connect(engine.address)
    try:
        # As the folder's owner, so that what it leaves in build/ is theirs.
        owned = folder.stat()
        host_config = client.api.create_host_config(
            mounts=[Mount(FOLDER, str(folder.absolute()), type="bind")],
            tmpfs={"/tmp": "rw,nosuid,nodev,mode=1777"},  # noqa: S108  # In the container.
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
        )
        identity = client.api.create_container(
            image,
            ["scienceops.projects.train_here", FOLDER],
            user=f"{owned.st_uid}:{owned.st_gid}",
            labels={
                **owner_labels(settings.home, project=folder.name),
                CLIENT_LABEL: this_client(),
            },
            host_config=host_config,
        )["Id"]
        try:
            output = client.api.attach(identity, stream=True, logs=False)
            client.api.start(identity)
            for piece in output:
                sys.stdout.write(piece.decode(errors="replace"))
                sys.stdout.flush()
            code = client.api.wait(identity)["StatusCode"]
        finally:
            with contextlib.suppress(*AWAY):
                client.api.remove_container(identity, force=True)
    except APIError as error:
        raise EngineUnavailable(f"the engine refused: {error.explanation or error}") from None
    except AWAY as error:
        raise EngineUnavailable(f"the engine went away: {error}") from None
    finally:
        client.close()
    if code != 0:
        raise ModelFailed(f"the training ended with exit code {code}; its last lines say why")
