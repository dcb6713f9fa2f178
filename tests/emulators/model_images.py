"""Model images in the stand-in registry: of any package, on an environment with nothing in it."""

import hashlib
from pathlib import Path

from stand_in_registry import Registry

from scienceops.adapters.oci.model_image import push_model_image
from scienceops.adapters.oci.registry import OciRegistry
from scienceops.core.images import ModelFacts


def push_image(
    registry: Registry, package: Path, *, version: int = 1, module: str = "scorer_container"
) -> str:
    """The image, by digest, whose entry point is a module; built as any other model image is."""
    repository = OciRegistry(f"{registry.host}/images", ("AWS", registry.password))
    environment = registry.put_environment(
        f"environment-{module}", Entrypoint=["python", "-m", module], Env=["PYTHONUNBUFFERED=1"]
    )
    facts = ModelFacts(
        service="iris",
        version=version,
        package_digest=hashlib.sha256(package.read_bytes()).hexdigest(),
        environment=f"{repository.repository}@{environment}",
        source=package.name,
    )
    return push_model_image(repository, package, facts).image
