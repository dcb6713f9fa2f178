"""Tests of a cloud are known by their place, so that each cloud can be tested by itself."""

import os

import pytest
from hypothesis import HealthCheck, settings

from scorer_container.cpu_share import thread_settings

# Before anything loads numpy: tests share the cores, and libraries whose threads each want all of
# them make each other wait, by seconds where milliseconds would do.
os.environ.update(thread_settings(1, 1.0))

# How long examples take says how busy the machine is, and nothing of what is tested.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

CLOUDS = ("aws", "azure")

#: Not a module of the tests: it runs at the start of the processes whose calls are recorded.
collect_ignore = ["emulators/recorder/sitecustomize.py"]

pytest_plugins = [
    "emulators.aws",
    "emulators.azurite",
    "emulators.compute",
    "emulators.postgres",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in tests/CLOUD/, and in files called test_CLOUD_*.py."""
    for item in items:
        for cloud in CLOUDS:
            if cloud in item.path.parent.parts or item.path.name.startswith(f"test_{cloud}_"):
                item.add_marker(cloud)
