"""Build one version's image: `python -m scienceops.adapters.engine.build_image FOLDER`.

The environment is built by the engine, unless the repository has it; the model image is put
together and pushed without it. FOLDER holds the order; the result is written there. The last line
of the output says what failed.
"""

import fcntl
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from scienceops.adapters.engine.patience import patiently, say
from scienceops.adapters.engine.repository import credentials_of
from scienceops.adapters.local import connect_objects
from scienceops.adapters.local.files import write_whole
from scienceops.adapters.oci.build_context import SERVE_TARGET, TRAIN_TARGET
from scienceops.adapters.oci.image_order import (
    ImageOrder,
    find_environment,
    push_package,
    tags_of,
)
from scienceops.adapters.oci.registry import OciRegistry
from scienceops.config import load_settings
from scienceops.errors import ScienceOpsError, Unavailable

WANTED, RESULT = "wanted.json", "result.json"
FAILED = "failed: "


@dataclass(frozen=True)
class Order:
    """What to build, and with what, as the builder wrote it down."""

    engine: str
    repository: str
    owner: str
    images: ImageOrder

    def to_text(self) -> str:
        """As it is written down."""
        return json.dumps({**self.__dict__, "images": self.images.to_document()})

    @classmethod
    def from_text(cls, text: str) -> "Order":
        """What was written down."""
        found = json.loads(text)
        return cls(**{**found, "images": ImageOrder.from_document(found["images"])})


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
    contexts = order.images.contexts
    tags = tags_of(contexts)
    # One at a time, for one build's tidying would take another's half-made images for its own.
    with (lock / "environment.lock").open("wb") as turn:
        try:
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another build to end")
            fcntl.flock(turn, fcntl.LOCK_EX)
        found = patiently(lambda: find_environment(registry, tags))
        if all(found.values()):
            identity = contexts[SERVE_TARGET].identity
            say(f"environment {identity} was built before; nothing to build")
        else:
            # Not for a known environment to load.
            from scienceops.adapters.engine.environment_images import build_environment

            patiently(
                lambda: build_environment(order.engine, order.repository, contexts, order.owner)
            )
            found = patiently(lambda: find_environment(registry, tags))
    began = time.monotonic()
    settings = load_settings()
    pushed = patiently(
        lambda: push_package(
            registry,
            connect_objects(settings),
            order.images,
            found[SERVE_TARGET],
            limit_bytes=settings.upload_limit_bytes,
        )
    )
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


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
