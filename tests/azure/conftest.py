"""What tests share: the runtime of the doors, a stand-in for the CLI, programs written down."""

import os

import pytest
from emulators.az_cli import StandInCli
from emulators.azure_installation import APP_FOLDER
from emulators.functions_runtime import FOLDER, FunctionsRuntime

from infra.azure import deploy, job_image


@pytest.fixture
def cli(tmp_path, monkeypatch):
    return StandInCli(tmp_path, monkeypatch)


@pytest.fixture
def programs(monkeypatch):
    """Our own programs that a deployment runs, written down instead."""
    ran = []
    monkeypatch.setattr(deploy, "run", lambda _, *arguments: ran.append(arguments))
    # Whether this machine has a driver is another test's question.
    monkeypatch.setattr(deploy, "need_driver", lambda: None)
    monkeypatch.setattr(job_image, "tag_of", lambda _: "job-tag")
    return ran


@pytest.fixture(scope="session")
def runtime() -> FunctionsRuntime:
    """Microsoft's own runtime with our doors, which loads an app once in a process."""
    if not FOLDER.exists():
        needed = f"no runtime at {FOLDER}: run `make .emulators/ready` to install it"
        if os.environ.get("REQUIRE_EMULATORS") == "1":
            pytest.fail(needed)
        pytest.skip(needed)
    return FunctionsRuntime(APP_FOLDER)
