"""Renewed images: what a home has no list of for an image, the version's own record says.

Earlier releases called an image by the Python that ran it, or kept no list of what is in it; and
a list may be lost with its folder.
"""

import logging
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from scienceops.adapters.local.environments import Environments
from scienceops.adapters.local.image_builder import image_of_build
from scienceops.core.images import is_reference
from scienceops.core.versions import Version, VersionState
from scienceops.errors import RevisionConflict
from scienceops.ports.model_registry import ModelRegistry, Record

log = logging.getLogger(__name__)


def renew_images(home: Path, registry: ModelRegistry) -> None:
    """Let every version of this home have an image that can be run, or be built anew.

    For when nothing else moves versions on. What can be run already stays as it is.
    """
    environments = Environments(home)
    for name in registry.partitions():
        if name.startswith("_"):
            continue
        for record in registry.scan(name, "version/"):
            told = {"service": name, "record": record.key}
            try:
                image = _renew(record, registry, home, environments)
            except Exception:  # What ails one version must not keep the platform down.
                log.exception("image not renewed", extra=told)
                continue
            if image:
                log.info("image renewed", extra={**told, "image": image})


def _renew(
    record: Record, registry: ModelRegistry, home: Path, environments: Environments
) -> str | None:
    """The image of a version that it did not have; None when there is nothing to renew."""
    try:
        version = Version.model_validate(record.body)
    except ValidationError:
        # A later release may know it; whoever asks for it is told.
        return None
    renewed = _renewed(version, home, environments)
    if renewed is None:
        return None
    try:
        registry.put(replace(record, body=renewed.to_body()))
    except RevisionConflict:
        # Somebody has it retried just now, which leads to an image of today.
        return None
    return renewed.image


def _renewed(version: Version, home: Path, environments: Environments) -> Version | None:
    """The version with an image that is known; None when there is nothing to renew."""
    if version.state is VersionState.BUILDING:
        image = image_of_build(home, version.build_id)
        if _can_be_run(image, environments):
            return None
        # The attempt is part of a build's key.
        again = {"state": VersionState.UPLOADED, "attempt": version.attempt + 1, "build_id": ""}
        return version.model_copy(update=again)
    if _can_be_run(version.image, environments):
        return None
    requirements = {*version.serving_requirements, *(version.training_requirements or ())}
    image = environments.keep(str(version.manifest["python"]), requirements)
    return version.model_copy(update={"image": image})


def _can_be_run(image: str, environments: Environments) -> bool:
    return not image or is_reference(image) or environments.is_known(image)
