"""A container engine and an image registry of these tests' own, begun once and ended by pid.

CONTAINER_ENGINE_FOLDER names a folder in which both keep their images for the next run.
"""

import itertools
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from ports import free_ports

from containers.laboratory import Laboratory, RegistryProcess, missing_tools
from infra.local import engine

#: docker-py leaves its Unix sockets for the collector to close.
LEFT_BY_DOCKER = (
    "ignore:unclosed <socket.socket fd=:ResourceWarning",
    "ignore:Exception ignored in. <socket.socket fd=:pytest.PytestUnraisableExceptionWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ours = [item for item in items if Path(__file__).parent in item.path.parents]
    for item, pattern in itertools.product(ours, LEFT_BY_DOCKER):
        item.add_marker(pytest.mark.filterwarnings(pattern))
    if not (missing := missing_tools()):
        return
    why = f"not here: {', '.join(missing)}; apt-get install docker.io docker-registry mmdebstrap"
    if os.environ.get("REQUIRE_EMULATORS"):
        raise pytest.UsageError(f"REQUIRE_EMULATORS is set, and {why}")
    for item in ours:
        item.add_marker(pytest.mark.skip(reason=why))


def pytest_unconfigure() -> None:
    """What still lies about is collected now, and no mark of a test excuses it any more."""
    warnings.filterwarnings("ignore", "unclosed <socket.socket fd=", ResourceWarning)
    warnings.filterwarnings(
        "ignore",
        "Exception ignored in. <socket.socket fd=",
        pytest.PytestUnraisableExceptionWarning,
    )


@pytest.fixture(scope="session")
def laboratory() -> Iterator[Laboratory]:
    """An engine with a base image, and a registry. Not below a test's folder: sockets are short."""
    kept = os.environ.get("CONTAINER_ENGINE_FOLDER")
    folder = Path(kept or tempfile.mkdtemp(prefix="scienceops-engine-"))
    registry = None
    try:
        address = engine.start(folder)
        engine.make_base(address)
        registry = RegistryProcess(folder / "registry", free_ports(1)[0])
        registry.start()
        yield Laboratory(folder, address, registry)
    finally:
        if registry is not None:
            registry.stop()
        if kept:
            engine.stop(folder)
        else:
            engine.remove(folder)
