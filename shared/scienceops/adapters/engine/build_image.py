"""Build one version's image: `python -m scienceops.adapters.engine.build_image FOLDER`.

The environment is built by the engine, unless the repository has it; the model image is put
together and pushed without it. FOLDER holds the order; the result is written there. The last line
of the output says what failed.
"""

import fcntl
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from scienceops.adapters.engine.patience import patiently, say
from scienceops.adapters.engine.repository import credentials_of
from scienceops.adapters.local import connect_objects
from scienceops.adapters.local.files import write_whole
from scienceops.adapters.oci.build_context import (
    SERVE_TARGET,
    TRAIN_TARGET,
    BuildContext,
    lay_out,
    tag_of,
)
from scienceops.adapters.oci.model_image import push_model_image
from scienceops.adapters.oci.registry import OciRegistry
from scienceops.config import load_settings
from scienceops.core.images import ModelFacts, sha256
from scienceops.core.package import read_package
from scienceops.errors import (
    BuildFailed,
    ScienceOpsError,
    Unavailable,
)

WANTED, RESULT = "wanted.json", "result.json"
FAILED = "failed: "


@dataclass(frozen=True)
class Order:
    """What to build, as the builder wrote it down; see BuildOrder."""

    engine: str
    repository: str
    base: str
    owner: str
    requirements: tuple[str, ...]
    training: tuple[str, ...] | None
    service: str
    version: int
    package_key: str
    package_digest: str

    def to_text(self) -> str:
        """As it is written down."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "Order":
        """What was written down."""
        found = json.loads(text)
        lists = {name: value for name, value in found.items() if isinstance(value, list)}
        return cls(**{**found, **{name: tuple(value) for name, value in lists.items()}})

    @property
    def contexts(self) -> dict[str, BuildContext]:
        """The context of each image that is needed."""
        serve = lay_out(self.requirements, self.base)
        if self.training is None:
            return {SERVE_TARGET: serve, TRAIN_TARGET: serve}
        if not self.training:
            return {SERVE_TARGET: serve}
        return {SERVE_TARGET: serve, TRAIN_TARGET: lay_out(self.training, self.base)}


def main(folder: Path) -> int:
    """Build it and write down the references: 0, or 1 after saying what failed."""
    order = Order.from_text((folder / WANTED).read_text())
    try:
        result = _build(order, folder.absolute().parent)
    except ScienceOpsError as error:
        again = isinstance(error, Unavailable)
        say(f"{FAILED}{error}{'; `scienceops retry` when it is back' if again else ''}")
        return 1
    write_whole(folder / RESULT, json.dumps(result).encode())
    return 0


def _build(order: Order, lock: Path) -> dict[str, str]:
    registry = OciRegistry(order.repository, credentials_of(order.repository))
    contexts = order.contexts
    # One at a time, for one build's tidying would take another's half-made images for its own.
    with (lock / "environment.lock").open("wb") as turn:
        try:
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another build to end")
            fcntl.flock(turn, fcntl.LOCK_EX)
        found = _find_environment(registry, contexts)
        if all(found.values()):
            identity = contexts[SERVE_TARGET].identity
            say(f"environment {identity} was built before; nothing to build")
        else:
            # Not for a known environment to load.
            from scienceops.adapters.engine.environment_images import build_environment

            patiently(
                lambda: build_environment(order.engine, order.repository, contexts, order.owner)
            )
            found = _find_environment(registry, contexts)
    environment = f"{order.repository}@{found[SERVE_TARGET]}"
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        package = Path(place) / "package.zip"
        connect_objects(load_settings()).download(order.package_key, package)
        with package.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != order.package_digest:
            raise BuildFailed(
                f"{order.package_key} is {digest}, not the {order.package_digest} that was "
                "registered: upload the package again"
            )
        manifest = read_package(package, limit_bytes=load_settings().upload_limit_bytes).manifest
        facts = ModelFacts(
            service=order.service,
            version=order.version,
            package_digest=order.package_digest,
            environment=environment,
            source=order.package_key,
            created_at=manifest.created_at or "",
        )
        pushed = patiently(lambda: push_model_image(registry, package, facts))
    how = "pushed" if pushed.was_sent else "was there already"
    say(
        f"model layer of {pushed.layer_size_bytes} bytes {how} in "
        f"{time.monotonic() - began:.2f} s: {pushed.image}"
    )
    return {
        "image": pushed.image,
        "training_image": (
            f"{order.repository}@{found[TRAIN_TARGET]}" if TRAIN_TARGET in found else ""
        ),
    }


def _find_environment(
    registry: OciRegistry, contexts: Mapping[str, BuildContext]
) -> dict[str, str]:
    """The digest of each image of the environment, empty for one that is not there."""
    found = {}
    for target, context in contexts.items():
        tag = tag_of(target, context)
        manifest = patiently(partial(registry.manifest, tag))
        found[target] = sha256(manifest) if manifest else ""
    return found


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
