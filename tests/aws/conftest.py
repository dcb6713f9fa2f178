"""What the tests of AWS share: the bundle, the packaged template, and a deployment of it."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from emulators.aws import point_sdk_at, require_program
from emulators.deployment import (
    OSLS,
    PREFIX,
    Deployment,
    deploy,
    package,
    shared_bundle,
)
from emulators.ministack import CALLS, PROGRAM, start_ministack
from emulators.stand_in_aws import serve_stand_ins

from infra import job_files
from infra.stage import stage


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


@pytest.fixture(scope="module")
def deployment(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The shipped template, deployed to an emulated account of its own with stand-ins beside."""
    require_program(OSLS)
    require_program(PROGRAM)
    folder = tmp_path_factory.mktemp("deployment")
    # The stand-ins end first: what they are at calls the emulator.
    with pytest.MonkeyPatch.context() as patch, ExitStack() as last, ExitStack() as stack:

        def own() -> dict[str, str]:
            given = {name: told for name, told in os.environ.items() if name.startswith("AWS_")}
            # Beside the calls of the functions that the emulator runs.
            return {**given, "RECORDED_CALLS": str(folder / CALLS)}

        stand_ins = stack.enter_context(serve_stand_ins(folder / "stand-ins", own))
        emulator = start_ministack(folder, **stand_ins.environment)
        last.callback(emulator.stop)
        # Stand-ins fetch what they execute from the emulated bucket, as this process does.
        point_sdk_at(emulator.url, patch)
        for name, value in stand_ins.environment.items():
            patch.setenv(name, value)
        deployed = deploy(emulator.url, bundle, folder)
        deployed.stand_ins = stand_ins
        yield deployed


@pytest.fixture(scope="module")
def owner(deployment: Deployment) -> str:
    """The owner's token, made at the first request and read from Secrets Manager."""
    alive = deployment.request("GET", "/healthz")
    assert alive.status == 200, alive.body
    assert deployment.request("GET", "/api/v1/services", key="so_wrong").status == 401
    secrets = deployment.client("secretsmanager")
    told = secrets.get_secret_value(SecretId=f"{PREFIX}owner-token")["SecretString"]
    return str(told).strip()


@pytest.fixture(scope="module")
def jobs(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What jobs on EMR run from, in the bucket."""
    folder = tmp_path_factory.mktemp("jobs")
    environment = folder / "environment.tar.gz"
    environment.write_bytes(b"the stand-in for EMR runs in the environment of the tests")
    packages = stage("emr", folder / "build")
    bucket = deployment.outputs["BucketName"]
    job_files.upload(deployment.client("s3"), bucket, packages, environment)
