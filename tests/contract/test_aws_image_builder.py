"""CodeBuildImageBuilder keeps the promises of the builder, with stand-ins for CodeBuild and ECR.

The stand-in runs the commands of the real buildspec; its docker resolves requirements for real.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from contract.image_builder import ImageBuilderContract
from emulators.account import Account
from models import pack_iris

from scienceops.adapters.aws.clients import LazyClient
from scienceops.adapters.aws.image_builder import CodeBuildImageBuilder
from scienceops.adapters.aws.object_store import S3ObjectStore
from scienceops.ports.image_builder import BuildOrder

KEY = "versions/iris/1/package.zip"
#: Of the scorer's own list, what the bad order contradicts.
ALWAYS = ("flask>=3",)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack_iris(tmp_path_factory.mktemp("package"))


def open_builder(account: Account) -> CodeBuildImageBuilder:
    return CodeBuildImageBuilder(
        account.settings,
        S3ObjectStore(LazyClient("s3"), account.bucket),
        codebuild=LazyClient("codebuild"),
        ecr=LazyClient("ecr"),
        logs=LazyClient("logs"),
        always=ALWAYS,
    )


class TestCodeBuildImageBuilder(ImageBuilderContract):
    @pytest.fixture
    def builder(self, account: Account, package: Path, stand_ins: Any) -> CodeBuildImageBuilder:
        del stand_ins
        S3ObjectStore(LazyClient("s3"), account.bucket).put(KEY, package)
        return open_builder(account)

    @pytest.fixture
    def good_order(self, package: Path) -> Callable[[str], BuildOrder]:
        digest = hashlib.sha256(package.read_bytes()).hexdigest()
        return lambda key: BuildOrder(key, "iris", 1, KEY, digest, ("packaging",), "3.11")

    @pytest.fixture
    def bad_order(self) -> Callable[[str], BuildOrder]:
        return lambda key: BuildOrder(key, "iris", 1, KEY, "0" * 64, ("flask<2",), "3.11")

    def test_the_image_is_in_ecr_with_the_environment_and_the_package_in_it(
        self, builder, good_order, account, stand_ins
    ) -> None:
        image = self.end_of(builder, builder.start(good_order("iris-1-1"))).image
        repository, _, digest = image.partition("@")
        assert repository == f"{stand_ins.registry.host}/{account.prefix}images"
        manifest = json.loads(stand_ins.registry.manifests[digest])
        config = json.loads(stand_ins.registry.blobs[manifest["config"]["digest"]])["config"]
        assert config["Entrypoint"] == ["python", "-m", "scorer_container"]
        assert "SCORER_PACKAGE=/opt/scienceops/package.zip" in config["Env"]

    def test_the_order_to_codebuild_names_the_zip_the_images_and_privileged_mode(
        self, builder, good_order, account, stand_ins
    ) -> None:
        self.end_of(builder, builder.start(good_order("iris-1-1")))
        [order] = stand_ins.codebuild.orders
        assert order["projectName"] == f"{account.prefix}build"
        assert order["privilegedModeOverride"] is True
        assert order["sourceLocationOverride"].startswith(f"{account.bucket}/builds/environments/")
        told = {one["name"]: one["value"] for one in order["environmentVariablesOverride"]}
        assert told["IMAGES"].startswith("serve=environment-")
        assert told["BASE"] == "python:3.11-slim"

    def test_another_function_follows_the_build_that_one_began(
        self, builder, good_order, account
    ) -> None:
        build_id = builder.start(good_order("iris-1-1"))
        builder.status(build_id)
        assert self.end_of(open_builder(account), build_id).image

    def test_a_build_that_codebuild_does_not_know_has_failed(
        self, builder, good_order, stand_ins
    ) -> None:
        build_id = builder.start(good_order("iris-1-1"))
        builder.status(build_id)
        stand_ins.codebuild.forget()
        assert "CodeBuild knows no build" in self.end_of(builder, build_id).reason
