"""Environment images: built by the engine from a build context, and pushed by it."""

import contextlib
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

import docker
from docker.errors import APIError

from scienceops.adapters.engine.connection import AWAY, OWNER_LABEL, connect
from scienceops.adapters.engine.patience import say
from scienceops.adapters.engine.repository import credentials_of
from scienceops.adapters.oci.build_context import BuildContext, tag_of
from scienceops.adapters.oci.build_log import step_in_words
from scienceops.errors import BuildFailed, EngineUnavailable, RegistryUnavailable

#: Lines of a build that tell nobody anything.
_NOISE = ("--->", "Removing intermediate container")

#: What a step writes to standard error comes in colour, which a page shows as it stands.
_COLOUR = re.compile(r"\x1b\[[\d;]*m")

#: The image that a step of a build ends with.
_IMAGE = re.compile(r"^ ---> ([0-9a-f]{12,64})$", re.MULTILINE)

_ERROR = "ERROR: "


def build_environment(
    address: str, repository: str, contexts: Mapping[str, BuildContext], owner: str
) -> None:
    """Build the images of an environment, each target from its context, and push them.

    Raises BuildFailed, EngineUnavailable and RegistryUnavailable.
    """
    with _engine(address) as client:
        for target, context in contexts.items():
            _build(client, context, target, f"{repository}:{tag_of(target, context)}", owner)
        given = credentials_of(repository)
        login = {"username": given[0], "password": given[1]} if given else None
        for target, context in contexts.items():
            tag = tag_of(target, context)
            say(f"pushing {repository}:{tag}")
            follow_push(
                client.api.push(repository, tag, stream=True, decode=True, auth_config=login)
            )
        _tidy(client, owner)


def build_one(address: str, context: BuildContext, target: str, name: str, owner: str) -> None:
    """Build one image of an environment, for this machine alone, unless the engine has it."""
    with _engine(address) as client:
        with contextlib.suppress(docker.errors.ImageNotFound):
            client.images.get(name)
            return
        _build(client, context, target, name, owner)
        _tidy(client, owner)


@contextlib.contextmanager
def _engine(address: str) -> Iterator[docker.DockerClient]:
    client = connect(address)
    try:
        yield client
    except APIError as error:
        if error.response is not None and error.response.status_code < 500:
            raise BuildFailed(f"the engine refused: {error.explanation}") from error
        raise EngineUnavailable(f"the engine failed: {error}") from error
    except AWAY as error:
        raise EngineUnavailable(f"the engine went away in the build: {error}") from error
    finally:
        client.close()


def _build(
    client: docker.DockerClient, context: BuildContext, target: str, tag: str, owner: str
) -> None:
    steps = client.api.build(
        fileobj=io.BytesIO(context.to_tar()),
        custom_context=True,
        target=target,
        tag=tag,
        buildargs={"BASE": context.base, "OWNER": owner},
        labels={OWNER_LABEL: owner},
        rm=True,
        forcerm=True,
        decode=True,
    )
    made: list[str] = []
    try:
        follow_build(_noting(steps, made))
    except BuildFailed:
        _drop(client, made)
        raise


def _noting(steps: Iterator[Mapping[str, Any]], made: list[str]) -> Iterator[Mapping[str, Any]]:
    """The output of a build as it comes; `made` gets the images of its steps."""
    for line in steps:
        made += _IMAGE.findall(line.get("stream", ""))
        yield line


def _drop(client: docker.DockerClient, made: list[str]) -> None:
    """Remove what a build that failed got to: it has no name, nor a label before its last step."""
    for image in reversed(made):
        # One that something else stands on, or that has a name, stays.
        with contextlib.suppress(APIError):
            if not client.images.get(image).tags:
                client.images.remove(image)


def _tidy(client: docker.DockerClient, owner: str) -> None:
    # What the stages left behind; the images themselves carry tags.
    client.images.prune({"dangling": True, "label": f"{OWNER_LABEL}={owner}"})


def follow_build(steps: Iterator[Mapping[str, Any]]) -> None:
    """Pass a build's output on; raises BuildFailed naming the step that failed, and why."""
    step, why = "prepare the build", ""
    ended = False
    for line in steps:
        text = _COLOUR.sub("", line.get("stream", "")).rstrip()
        if text and not text.lstrip().startswith(_NOISE):
            say(text)
        if text.startswith("Step "):
            step, why = text, ""
        elif text.startswith(_ERROR):
            # The first says what went wrong, the later ones what came of it.
            why = why or text.splitlines()[0].removeprefix(_ERROR)
        ended = ended or text.startswith("Successfully built")
        if "error" in line:
            raise BuildFailed(f"{step_in_words(step)}: {why or line['error'].strip()}")
    if not ended:
        # The stream simply ends when its engine does.
        raise EngineUnavailable(f"the engine ended in the build, at {step}")


def follow_push(lines: Iterator[Mapping[str, Any]]) -> None:
    """Read a push to its end; raises RegistryUnavailable and EngineUnavailable."""
    pushed = False
    for line in lines:
        # Docker says it twice, Podman in words alone.
        pushed = pushed or "aux" in line or ": digest: sha256:" in line.get("status", "")
        if "error" in line:
            raise RegistryUnavailable(f"the engine could not push: {line['error']}")
    if not pushed:
        raise EngineUnavailable("the engine ended while it pushed")
