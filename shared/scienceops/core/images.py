"""Container images: their references, and the model image, put together without an engine.

A model image is the image of its environment and one layer more, which holds the package. It is
the same bytes, so the same digest, for the same package, version and environment. The layer is in
gzip, as every engine pushes it, for Lambda was seen to refuse layers that are not.
Source of the formats: OCI Image Format Specification 1.1.
"""

import hashlib
import json
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
TAR_TYPE = "application/vnd.oci.image.layer.v1.tar"
LAYER_TYPE = f"{TAR_TYPE}+gzip"

#: Docker's own names of the same formats, which an engine pushes, and their OCI names.
_OCI_NAMES = {
    "application/vnd.docker.image.rootfs.diff.tar.gzip": LAYER_TYPE,
    "application/vnd.docker.image.rootfs.diff.tar": TAR_TYPE,
}
MANIFEST_TYPES = (MANIFEST_TYPE, "application/vnd.docker.distribution.manifest.v2+json")

#: Where the package lies in a model image.
PACKAGE_PATH = "opt/scienceops/package.zip"
#: A package that does not say when it was made; any other time would make other bytes.
NO_TIME = "1970-01-01T00:00:00Z"

_OURS = "io.scienceops"
_STANDARD = "org.opencontainers.image"
#: Annotation that names the image of the environment.
BASE_DIGEST = f"{_STANDARD}.base.digest"
_REFERENCE = re.compile(
    r"(?P<host>[A-Za-z0-9.-]+(:\d{1,5})?)/(?P<path>[a-z0-9]+([._/-]+[a-z0-9]+)*)"
    r"@(?P<digest>sha256:[0-9a-f]{64})"
)


@dataclass(frozen=True)
class Blob:
    """What a registry knows of a piece of content."""

    media_type: str
    digest: str
    size_bytes: int

    @classmethod
    def of(cls, media_type: str, data: bytes) -> "Blob":
        """The blob of these bytes."""
        return cls(media_type, sha256(data), len(data))

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Blob":
        """The blob that a descriptor in a manifest names."""
        kind = document["mediaType"]
        return cls(_OCI_NAMES.get(kind, kind), document["digest"], document["size"])

    def to_document(self) -> dict[str, Any]:
        """The descriptor that stands for it in a manifest."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size_bytes}


@dataclass(frozen=True)
class Layer:
    """A layer of an image. content_digest: of the tar that its blob holds in gzip."""

    blob: Blob
    content_digest: str


@dataclass(frozen=True)
class ModelFacts:
    """What a model image says of the model in it.

    source: where the package comes from. created_at: ISO 8601, empty when the package says nothing.
    environment: the reference, by digest, of the image that it is made from.
    """

    service: str
    version: int
    package_digest: str
    environment: str
    source: str
    created_at: str = ""

    @property
    def annotations(self) -> dict[str, str]:
        """The standard annotations, and what those have no name for."""
        base, _, digest = self.environment.partition("@")
        return {
            BASE_DIGEST: digest,
            f"{_STANDARD}.base.name": base,
            f"{_STANDARD}.created": self.created_at or NO_TIME,
            f"{_STANDARD}.source": self.source,
            f"{_STANDARD}.title": self.service,
            f"{_STANDARD}.version": str(self.version),
            f"{_OURS}.package.digest": f"sha256:{self.package_digest}",
        }


@dataclass(frozen=True)
class ModelImage:
    """The documents of a model image; its layers are the environment's and `layer`."""

    manifest: bytes
    config: bytes
    layer: Layer

    @property
    def digest(self) -> str:
        """What names the image for good."""
        return sha256(self.manifest)


def sha256(data: bytes) -> str:
    """The digest of bytes as registries write it.

    >>> sha256(b"")[:15]
    'sha256:e3b0c442'
    """
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def is_reference(image: str) -> bool:
    """Whether it names a container image by digest.

    >>> is_reference("127.0.0.1:5000/scienceops@sha256:" + "0" * 64)
    True
    >>> is_reference("python:3.11-slim"), is_reference("environment:ab12")
    (False, False)
    """
    return _REFERENCE.fullmatch(image) is not None


def layer_frame(package_size_bytes: int) -> tuple[bytes, bytes]:
    """What stands before and after the package's bytes in the tar that holds it.

    >>> [len(part) for part in layer_frame(3)]
    [1536, 8701]
    """
    folders = []
    path = ""
    for part in PACKAGE_PATH.split("/")[:-1]:
        path = f"{path}/{part}".lstrip("/")
        folders.append(_entry(path, 0, tarfile.DIRTYPE, 0o755))
    file = _entry(PACKAGE_PATH, package_size_bytes, tarfile.REGTYPE, 0o444)
    padding = -package_size_bytes % tarfile.BLOCKSIZE
    head = b"".join([*folders, file])
    end = padding + 2 * tarfile.BLOCKSIZE
    # Some readers want whole records, as tar itself writes them.
    end += -(len(head) + package_size_bytes + end) % tarfile.RECORDSIZE
    return head, b"\0" * end


def assemble(
    environment_manifest: bytes, environment_config: bytes, layer: Layer, facts: ModelFacts
) -> ModelImage:
    """The model image on this environment."""
    below = json.loads(environment_manifest)
    config = json.loads(environment_config)
    settings = config.setdefault("config", {})
    held = {
        "SCORER_PACKAGE": f"/{PACKAGE_PATH}",
        "SCORER_PACKAGE_DIGEST": facts.package_digest,
        "SCORER_SERVICE": facts.service,
        "SCORER_VERSION": str(facts.version),
    }
    given = [line for line in settings.get("Env") or () if line.partition("=")[0] not in held]
    settings["Env"] = [*given, *(f"{name}={value}" for name, value in held.items())]
    settings["Labels"] = {**(settings.get("Labels") or {}), **facts.annotations}
    config["created"] = facts.created_at or NO_TIME
    config["rootfs"]["diff_ids"].append(layer.content_digest)
    config.setdefault("history", []).append(
        {"created": config["created"], "created_by": f"scienceops: package {facts.package_digest}"}
    )
    for key in ("container", "container_config", "docker_version", "id", "parent"):
        # What an engine notes of its own build is not true of this image.
        config.pop(key, None)
    stored = _canonical(config)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": Blob.of(CONFIG_TYPE, stored).to_document(),
        "layers": [
            *(Blob.from_document(found).to_document() for found in below["layers"]),
            layer.blob.to_document(),
        ],
        "annotations": facts.annotations,
    }
    return ModelImage(_canonical(manifest), stored, layer)


def _entry(path: str, size_bytes: int, kind: bytes, mode: int) -> bytes:
    entry = tarfile.TarInfo(path)
    entry.type, entry.size, entry.mode, entry.mtime = kind, size_bytes, mode, 0
    return entry.tobuf(tarfile.USTAR_FORMAT)


def _canonical(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
