"""An image's files, laid out on this machine: its own code and package run, nothing else's.

What is installed in the image is not there: packages come from the environment of the tests, and
programs from this machine.
"""

import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

from emulators.containers import Image
from stand_in_registry import Registry

#: Variables of an image that are about this machine here.
HERE = ("PATH", "HOME", "SCIENCEOPS_HOME", "SCORER_BIND", "SCORER_SPOOL")


def puller(registry: Registry, folder: Path) -> Callable[[str], Image]:
    """What pulls images by their digest, each to a folder of its own."""

    def pull(reference: str) -> Image:
        digest = reference.partition("@")[2]
        root = folder / digest.partition(":")[2][:16]
        document = json.loads(registry.manifests[digest])
        if not root.exists():
            for layer in document["layers"]:
                with tarfile.open(fileobj=io.BytesIO(registry.blobs[layer["digest"]])) as archive:
                    archive.extractall(root, filter="tar")
        config = json.loads(registry.blobs[document["config"]["digest"]])["config"]
        variables = dict(line.split("=", 1) for line in config["Env"])
        kept = {k: _placed(v, root) for k, v in variables.items() if k not in HERE}
        return Image(config["Entrypoint"], kept)

    return pull


def _placed(value: str, root: Path) -> str:
    """The value with its places in the image as places on this machine."""
    parts = [f"{root}{part}" if part.startswith("/") else part for part in value.split(os.pathsep)]
    return os.pathsep.join(parts)
