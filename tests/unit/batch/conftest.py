"""An Iris service to score a file with, and the file."""

import pytest
from batch_service import FEATURES, Service
from models import pack_iris


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return pack_iris(tmp_path_factory.mktemp("package"))


@pytest.fixture
def service(tmp_path, package):
    return Service(tmp_path, package)


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "big.parquet"
    FEATURES.to_parquet(path, index=False)
    return path
