"""What tests of deploying share: a stand-in for the Azure CLI, and programs written down."""

import pytest
from emulators.az_cli import StandInCli

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
