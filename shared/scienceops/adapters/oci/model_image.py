"""Model images: pushed without an engine, one layer on an environment that is there already."""

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from scienceops.adapters.oci.registry import OciRegistry
from scienceops.core.images import (
    CONFIG_TYPE,
    LAYER_TYPE,
    MANIFEST_TYPE,
    Blob,
    ModelFacts,
    assemble,
    layer_frame,
)
from scienceops.errors import RegistryRefused

_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Pushed:
    """A model image in its repository: its reference by digest, and how much had to be sent."""

    image: str
    layer_size_bytes: int
    was_sent: bool


def push_model_image(registry: OciRegistry, package: Path, facts: ModelFacts) -> Pushed:
    """Put the image of a package into the repository where its environment is.

    Done twice it changes nothing. Raises RegistryUnavailable and RegistryRefused.
    """
    digest = facts.environment.partition("@")[2]
    manifest = registry.manifest(digest)
    if manifest is None:
        raise RegistryRefused(
            f"{facts.environment} is not there: build the version again with `scienceops retry`"
        )
    layer = layer_of(package)
    config = registry.blob(json.loads(manifest)["config"]["digest"])
    image = assemble(manifest, config, layer, facts)
    was_sent = registry.put_blob(layer, lambda: cast("BinaryIO", LayerReader(package)))
    registry.put_blob(Blob.of(CONFIG_TYPE, image.config), lambda: io.BytesIO(image.config))
    # The tag is for people; everything else goes by the digest.
    tag = f"{facts.service}-{facts.version}"
    registry.put_manifest(tag, image.manifest, MANIFEST_TYPE)
    return Pushed(f"{registry.repository}@{image.digest}", layer.size_bytes, was_sent)


def layer_of(package: Path) -> Blob:
    """The layer that holds a package."""
    seen, size = hashlib.sha256(), 0
    with LayerReader(package) as layer:
        while piece := layer.read(_CHUNK_BYTES):
            seen.update(piece)
            size += len(piece)
    return Blob(LAYER_TYPE, f"sha256:{seen.hexdigest()}", size)


class LayerReader(io.RawIOBase):
    """The layer's bytes, made while they are read: the package is neither copied nor in memory."""

    def __init__(self, package: Path) -> None:
        head, tail = layer_frame(package.stat().st_size)
        self._parts: list[BinaryIO] = [io.BytesIO(head), package.open("rb"), io.BytesIO(tail)]

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size`; empty at the end."""
        while self._parts:
            if piece := self._parts[0].read(size):
                return piece
            self._parts.pop(0).close()
        return b""

    def close(self) -> None:
        """Let go of the package."""
        for part in self._parts:
            part.close()
        super().close()
