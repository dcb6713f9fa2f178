"""What the tests of AWS share: the bundle, the packaged template, and a deployment of it."""

import os
from pathlib import Path
from typing import Any

import pytest
from emulators.aws import require_program
from emulators.child import Emulator
from emulators.deployment import OSLS, Deployment, deploy, package, shared_bundle


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """build/aws.zip as `make stage-aws` makes it, once for all processes of a test run."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    base = tmp_path_factory.getbasetemp()
    # The processes of one run have their folders side by side.
    return shared_bundle(base.parent / f"bundle-{run}" if run else base / "bundle")


@pytest.fixture(scope="session")
def template(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The CloudFormation template of stage `dev`, as it would go to AWS."""
    require_program(OSLS)
    return package("dev", bundle, tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def deployment(ministack: Emulator, bundle: Path) -> Deployment:
    """The shipped template, deployed once to this process's emulated account."""
    require_program(OSLS)
    return deploy(ministack.url, bundle, ministack.log.parent)
