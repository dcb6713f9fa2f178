"""Model images: pushed without an engine, one layer on an environment that is there already."""

import hashlib
import io
import json
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from scienceops.adapters.oci.registry import OciRegistry
from scienceops.core.images import (
    CONFIG_TYPE,
    LAYER_TYPE,
    MANIFEST_TYPE,
    Blob,
    Layer,
    ModelFacts,
    assemble,
    layer_frame,
)
from scienceops.core.stored_gzip import store
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
    was_sent = registry.put_blob(layer.blob, lambda: cast("BinaryIO", LayerReader(package)))
    registry.put_blob(Blob.of(CONFIG_TYPE, image.config), lambda: io.BytesIO(image.config))
    # The tag is for people; everything else goes by the digest.
    tag = f"{facts.service}-{facts.version}"
    registry.put_manifest(tag, image.manifest, MANIFEST_TYPE)
    return Pushed(f"{registry.repository}@{image.digest}", layer.blob.size_bytes, was_sent)


def layer_of(package: Path) -> Layer:
    """The layer that holds a package."""
    content, seen, size = hashlib.sha256(), hashlib.sha256(), 0

    def told(pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            content.update(piece)
            yield piece

    for piece in store(told(_tar_of(package))):
        seen.update(piece)
        size += len(piece)
    blob = Blob(LAYER_TYPE, f"sha256:{seen.hexdigest()}", size)
    return Layer(blob, f"sha256:{content.hexdigest()}")


class LayerReader(io.RawIOBase):
    """The layer's bytes, made while they are read: the package is neither copied nor in memory."""

    def __init__(self, package: Path) -> None:
        self._tar = _tar_of(package)
        self._pieces = store(self._tar)
        self._left = b""

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size`; empty at the end."""
        self._left = self._left or next(self._pieces, b"")
        end = len(self._left) if size < 0 else size
        piece, self._left = self._left[:end], self._left[end:]
        return piece

    def close(self) -> None:
        """Let go of the package."""
        self._tar.close()
        super().close()


def _tar_of(package: Path) -> Generator[bytes, None, None]:
    head, tail = layer_frame(package.stat().st_size)
    yield head
    with package.open("rb") as content:
        while piece := content.read(_CHUNK_BYTES):
            yield piece
    yield tail
