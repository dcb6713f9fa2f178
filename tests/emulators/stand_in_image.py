"""An image, pulled by its digest from the stand-in registry, run as a process here.

What it has installed is not looked at: the process runs in the environment of the tests. Its entry
point, its variables and the package in its last layer are the image's own.
"""

import io
import json
import os
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emulators.stand_in_error import ApiError
from stand_in_registry import Registry

from scienceops.core.images import PACKAGE_PATH

#: Variables that are about places in the image; here they are others.
PLACES = ("PATH", "PYTHONPATH", "HOME", "SCIENCEOPS_HOME", "SCORER_SPOOL", "SCORER_PACKAGE")


@dataclass(frozen=True)
class Pulled:
    """An image on this machine: what it runs, and its variables, with places of this machine."""

    entry_point: tuple[str, ...]
    environment: Mapping[str, str]


def pull(registry: Registry, image: str, folder: Path) -> Pulled:
    """The image, its package laid down in `folder`; raises ApiError when it is not there."""
    manifest = registry.manifests.get(image.partition("@")[2])
    if manifest is None:
        raise ApiError("InvalidParameterValueException", f"Source image {image} does not exist.")
    document = json.loads(manifest)
    config = json.loads(registry.blobs[document["config"]["digest"]])["config"]
    variables = dict(line.split("=", 1) for line in config.get("Env", ()))
    own = {name: value for name, value in variables.items() if name not in PLACES}
    for name in ("home", "spool"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    own["SCORER_SPOOL"], own["SCIENCEOPS_HOME"] = str(folder / "spool"), str(folder / "home")
    if "SCORER_PACKAGE" in variables:
        layer = registry.blobs[document["layers"][-1]["digest"]]
        with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
            found = archive.extractfile(PACKAGE_PATH)
            assert found is not None
            (folder / "package.zip").write_bytes(found.read())
        own["SCORER_PACKAGE"] = str(folder / "package.zip")
    return Pulled(tuple(config.get("Entrypoint", ())), own)


def run_environment(
    image: Pulled, given: Mapping[str, str], own: Mapping[str, str]
) -> dict[str, str]:
    """The environment of a process of the image: nothing of this machine's AWS or ScienceOps."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "SCIENCEOPS_", "SCORER_"))
    }
    place = {name: image.environment[name] for name in PLACES if name in image.environment}
    paths = {
        "PATH": f"{Path(sys.executable).parent}:{kept.get('PATH', '')}",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    return {**kept, **image.environment, **given, **own, **paths, **place}


def run_module_image(registry: Registry) -> str:
    """An image whose entry point runs the module that it is told, as that of a training does."""
    digest = registry.put_environment(
        "training", Entrypoint=["python", "-m"], Env=["PYTHONUNBUFFERED=1"]
    )
    return f"{registry.host}/images@{digest}"
