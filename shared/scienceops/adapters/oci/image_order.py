"""Image order: what the images of one version are made of, whoever builds them."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from scienceops.adapters.oci.build_context import (
    SERVE_TARGET,
    TRAIN_TARGET,
    BuildContext,
    lay_out,
    tag_of,
)
from scienceops.adapters.oci.model_image import Pushed, push_model_image
from scienceops.adapters.oci.registry import OciRegistry
from scienceops.core.images import ModelFacts, sha256
from scienceops.core.package import read_package
from scienceops.digests import digest_of
from scienceops.errors import BuildFailed, Unavailable
from scienceops.ports.image_builder import BuildOrder
from scienceops.ports.object_store import ObjectStore


@dataclass(frozen=True)
class ImageOrder:
    """A BuildOrder with all that decides which images come of it, as builders write it down."""

    cloud: str
    base: str
    requirements: tuple[str, ...]
    training: tuple[str, ...] | None
    service: str
    version: int
    package_key: str
    package_digest: str

    @classmethod
    def of(
        cls, order: BuildOrder, *, base_image: str, always: Sequence[str], cloud: str = "local"
    ) -> "ImageOrder":
        """The order's images.

        base_image: with {python} for its version. always: what is needed beside the package's own.
        """

        def with_own(lines: Sequence[str]) -> tuple[str, ...]:
            return tuple(sorted({*lines, *always}))

        return cls(
            cloud=cloud,
            base=base_image.format(python=order.python),
            requirements=with_own(order.requirements),
            training=with_own(order.training) if order.training else order.training,
            service=order.service,
            version=order.version,
            package_key=order.package_key,
            package_digest=order.package_digest,
        )

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "ImageOrder":
        """What `to_document` gave; raises Unavailable for the order of a later release.

        Without what it says more another image would be built.
        """
        if more := sorted(set(document) - {field.name for field in fields(cls)}):
            raise Unavailable(
                f"the build was ordered by a later release, by whose {more[0]!r} this one cannot go"
            )
        lists = {name: value for name, value in document.items() if isinstance(value, list)}
        return cls(**{**document, **{name: tuple(value) for name, value in lists.items()}})

    def to_document(self) -> dict[str, Any]:
        """As it is written down, in JSON."""
        return asdict(self)

    @property
    def contexts(self) -> dict[str, BuildContext]:
        """The context of each image that is needed, by its target."""
        serve = lay_out(self.requirements, self.base, self.cloud)
        if self.training is None:
            return {SERVE_TARGET: serve, TRAIN_TARGET: serve}
        if not self.training:
            return {SERVE_TARGET: serve}
        return {SERVE_TARGET: serve, TRAIN_TARGET: lay_out(self.training, self.base, self.cloud)}


def tags_of(contexts: Mapping[str, BuildContext]) -> dict[str, str]:
    """The tag of each target's image."""
    return {target: tag_of(target, context) for target, context in contexts.items()}


def find_environment(registry: OciRegistry, tags: Mapping[str, str]) -> dict[str, str]:
    """The digest of each target's image, empty for one that is not there."""
    found = {}
    for target, tag in tags.items():
        manifest = registry.manifest(tag)
        found[target] = sha256(manifest) if manifest else ""
    return found


def push_package(
    registry: OciRegistry,
    objects: ObjectStore,
    order: ImageOrder,
    environment_digest: str,
    *,
    limit_bytes: int,
) -> Pushed:
    """Put the version's package onto its environment, both in the registry's repository.

    Raises BuildFailed when the package is not the one that was registered.
    """
    with tempfile.TemporaryDirectory() as place:
        package = Path(place) / "package.zip"
        objects.download(order.package_key, package)
        digest = digest_of(package)
        if digest != order.package_digest:
            raise BuildFailed(
                f"{order.package_key} is {digest}, not the {order.package_digest} that was "
                "registered: upload the package again"
            )
        manifest = read_package(package, limit_bytes=limit_bytes).manifest
        facts = ModelFacts(
            service=order.service,
            version=order.version,
            package_digest=order.package_digest,
            environment=f"{registry.repository}@{environment_digest}",
            source=order.package_key,
            created_at=manifest.created_at or "",
        )
        return push_model_image(registry, package, facts)
