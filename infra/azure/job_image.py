"""The image of the platform's own jobs: `python -m infra.azure.job_image` lays out build/job/.

`make deploy-azure` has the registry build it from that folder, unless it has it already.
"""

import hashlib
import shutil
import sys
from pathlib import Path

from infra.azure.az import Az
from infra.azure.wheel import make_wheel
from infra.stage import HERE

FOLDER = HERE / "build" / "job"
SOURCES = HERE / "infra" / "azure" / "job"
FILES = ("Dockerfile", "requirements.lock")
#: As SCIENCEOPS_IMAGES has it: one repository for all images of an installation.
REPOSITORY = "scienceops"


def lay_out(folder: Path = FOLDER) -> Path:
    """The folder that the image is built from: Dockerfile, lock and wheel."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in FILES:
        shutil.copy(SOURCES / name, folder / name)
    make_wheel(folder)
    return folder


def tag_of(folder: Path) -> str:
    """The tag under which the image of this folder is found again: the same files, the same tag."""
    seen = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        seen.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return f"job-{seen.hexdigest()[:24]}"


def build_image(az: Az, registry: str, folder: Path = FOLDER) -> str:
    """Have the registry build the image, if it has it not; its reference by digest.

    registry: its address, NAME.azurecr.io. Raises SystemExit when a build fails.
    """
    name, tag = _place(az, registry, folder)
    if tag not in _tags(az, name):
        az.do(
            *("acr", "build", "--registry", name, "--platform", "linux/amd64"),
            *("--image", f"{REPOSITORY}:{tag}", str(folder)),
        )
    return _by_digest(az, registry, tag)


def image_to_be(az: Az, registry: str, folder: Path = FOLDER) -> str:
    """What build_image would return; nothing is built, so an image still to be is named by tag."""
    name, tag = _place(az, registry, folder)
    if tag not in _tags(az, name):
        return f"{registry}/{REPOSITORY}:{tag}"
    return _by_digest(az, registry, tag)


def _place(az: Az, registry: str, folder: Path) -> tuple[str, str]:
    return registry.partition(".")[0], "job-<tag>" if az.dry_run else tag_of(folder)


def _by_digest(az: Az, registry: str, tag: str) -> str:
    name = registry.partition(".")[0]
    digest = az.ask(
        *("acr", "repository", "show", "--name", name, "--image", f"{REPOSITORY}:{tag}"),
        *("--query", "digest"),
        otherwise="sha256:<digest>",
    )
    return f"{registry}/{REPOSITORY}@{digest}"


def _tags(az: Az, name: str) -> list[str]:
    # Asking for the tags of a repository that is not there yet is an error.
    repositories: list[str] = az.ask("acr", "repository", "list", "--name", name, otherwise=[])
    if REPOSITORY not in repositories:
        return []
    asked = ("acr", "repository", "show-tags", "--name", name, "--repository", REPOSITORY)
    tags: list[str] = az.ask(*asked, otherwise=[])
    return tags


if __name__ == "__main__":
    sys.stdout.write(f"{lay_out()}\n")
