"""Fixtures of AWS: an emulator per test process, and an installation of its own for each test.

Without emulators the tests are skipped, where REQUIRE_EMULATORS=1 is set they fail.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from emulators import ministack as ministack_program
from emulators import seaweed as seaweed_program
from emulators.account import Account
from emulators.child import Emulator

NEEDED = "run `make .emulators/ready` to install it"


def require_program(program: Path) -> None:
    """Skip or fail the test unless the emulator's program is there."""
    if program.exists():
        return
    if os.environ.get("REQUIRE_EMULATORS") == "1":
        pytest.fail(f"no emulator at {program}: {NEEDED}")
    pytest.skip(f"no emulator at {program}: {NEEDED}")


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One emulated account for the whole test process, at `ministack.url`."""
    require_program(ministack_program.PROGRAM)
    emulator = ministack_program.start_ministack(tmp_path_factory.mktemp("ministack"))
    yield emulator
    emulator.stop()


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One SeaweedFS for the whole test process, at `seaweed.url`."""
    require_program(seaweed_program.PROGRAM)
    emulator = seaweed_program.start_seaweed(tmp_path_factory.mktemp("seaweed"))
    yield emulator
    emulator.stop()


def point_sdk_at(url: str, patch: pytest.MonkeyPatch) -> None:
    """Let every boto3 client that is made from now on talk to `url`."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        patch.delenv(name)
    patch.setenv("AWS_ENDPOINT_URL", url)
    patch.setenv("AWS_ACCESS_KEY_ID", "test")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def aws_environment(ministack: Emulator, monkeypatch: pytest.MonkeyPatch) -> str:
    """The SDK's environment leads to the emulator; the value is its address."""
    point_sdk_at(ministack.url, monkeypatch)
    return ministack.url


@pytest.fixture
def account(request: pytest.FixtureRequest) -> Iterator[Account]:
    """An installation with names of its own, of which nothing has been made yet.

    With LIVE_CLOUD=1 it is one in the real account that boto3 finds, and is deleted at the end.
    """
    if os.environ.get("LIVE_CLOUD") != "1":
        request.getfixturevalue("aws_environment")
        yield Account()
        return
    account = Account(f"scienceops-contract-{uuid4().hex[:10]}-")
    try:
        yield account
    finally:
        account.delete_all()
