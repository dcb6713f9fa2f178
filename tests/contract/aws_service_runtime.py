"""AwsServiceRuntime over stand-ins for Lambda and for ECS, for the contract of the runtime."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from contract.service_runtime import ServiceRuntimeContract
from emulators.account import Account
from models import pack_iris
from ports import free_ports

from scienceops.adapters.aws.clients import LazyClient
from scienceops.adapters.aws.object_store import S3ObjectStore
from scienceops.adapters.aws.service_runtime import AwsServiceRuntime
from scienceops.aws_settings import AwsSettings
from scienceops.config import Settings


def open_runtime(settings: Settings, store: S3ObjectStore, **more: Any) -> AwsServiceRuntime:
    return AwsServiceRuntime(
        settings,
        store,
        functions=LazyClient("lambda"),
        calls=LazyClient("lambda", attempts=1),
        ecs=LazyClient("ecs"),
        scaling=LazyClient("application-autoscaling"),
        logs=LazyClient("logs"),
        **more,
    )


class AwsRuntimeContract(ServiceRuntimeContract):
    patience_seconds = 90.0

    @pytest.fixture(scope="class")
    @classmethod
    def package(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        return pack_iris(tmp_path_factory.mktemp("package"))

    @pytest.fixture
    def broken(self, tmp_path: Path) -> Path:
        path = tmp_path / "broken.zip"
        path.write_bytes(b"no package at all")
        return path

    @pytest.fixture
    def store(self, account: Account, stand_ins: Any) -> S3ObjectStore:
        del stand_ins
        return S3ObjectStore(LazyClient("s3"), account.bucket)

    @pytest.fixture
    def make(self, account: Account, store: S3ObjectStore) -> Callable[..., AwsServiceRuntime]:
        """Makes a runtime, as each function has its own; `later` by its clock."""
        names: AwsSettings = account.settings.aws.model_copy(
            update={
                "roles": "arn:aws:iam::000000000000:role/",
                "subnets": "subnet-1,subnet-2",
                "security_group": "sg-1",
                "region": "us-east-1",
                "warm": True,
            }
        )
        settings = account.settings.model_copy(update={"aws": names})
        [port] = free_ports(1)

        def make_one(later: timedelta = timedelta()) -> AwsServiceRuntime:
            return open_runtime(settings, store, port=port, clock=lambda: datetime.now(UTC) + later)

        return make_one

    @pytest.fixture
    def runtime(self, make: Callable[..., AwsServiceRuntime]) -> AwsServiceRuntime:
        return make()
