"""EngineImageBuilder keeps the promises of the builder. These tests ask the package index."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from contract.image_builder import ImageBuilderContract
from contract.racers import open_store
from models import pack_iris

from containers.laboratory import PYTHON, Laboratory
from scienceops.adapters.engine.image_builder import EngineImageBuilder
from scienceops.adapters.oci.registry import OciRegistry
from scienceops.core.package import read_package
from scienceops.ports.image_builder import BuildOrder, BuildState

KEY = "versions/iris/1/package.zip"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack_iris(tmp_path_factory.mktemp("package"))


class TestEngineImageBuilder(ImageBuilderContract):
    patience_seconds = 300.0

    @pytest.fixture
    def builder(self, tmp_path: Path, package: Path, laboratory: Laboratory) -> EngineImageBuilder:
        open_store(tmp_path).put(KEY, package)
        return EngineImageBuilder(tmp_path, laboratory.settings(tmp_path))

    @pytest.fixture
    def good_order(self, package: Path) -> Callable[[str], BuildOrder]:
        digest = hashlib.sha256(package.read_bytes()).hexdigest()
        lines = read_package(package, limit_bytes=10**9).requirements
        return lambda key: BuildOrder(key, "iris", 1, KEY, digest, lines, PYTHON)

    @pytest.fixture
    def bad_order(self) -> Callable[[str], BuildOrder]:
        # What the scorer itself needs says 3 or later.
        return lambda key: BuildOrder(key, "iris", 1, KEY, "0" * 64, ("flask<2",), PYTHON)

    def test_the_same_package_gives_the_same_digest_in_a_known_environment(
        self,
        builder: EngineImageBuilder,
        good_order: Callable[[str], BuildOrder],
        laboratory: Laboratory,
    ) -> None:
        first = self.end_of(builder, builder.start(good_order("iris-1-1")))
        build_id = builder.start(good_order("iris-1-2"))
        second = self.end_of(builder, build_id)
        assert second.image == first.image
        assert second.image.startswith(f"{laboratory.repository}@sha256:")
        assert second.training_image.startswith(f"{laboratory.repository}@sha256:")
        assert "nothing to build" in builder.log(build_id)
        assert "was there already" in builder.log(build_id)

    def test_an_image_tells_what_is_in_it(
        self,
        builder: EngineImageBuilder,
        good_order: Callable[[str], BuildOrder],
        laboratory: Laboratory,
    ) -> None:
        order = good_order("iris-1-1")
        image = self.end_of(builder, builder.start(order)).image
        manifest = OciRegistry(laboratory.repository).manifest(image.partition("@")[2])
        assert manifest is not None
        told = json.loads(manifest)["annotations"]
        assert told["org.opencontainers.image.title"] == "iris"
        assert told["org.opencontainers.image.version"] == "1"
        assert told["io.scienceops.package.digest"] == f"sha256:{order.package_digest}"
        assert told["org.opencontainers.image.source"] == KEY

    def test_a_build_leaves_no_image_without_a_name(
        self,
        builder: EngineImageBuilder,
        good_order: Callable[[str], BuildOrder],
        laboratory: Laboratory,
        tmp_path: Path,
    ) -> None:
        self.end_of(builder, builder.start(good_order("iris-1-1")))
        client = laboratory.connect()
        try:
            owned = {"dangling": True, "label": f"io.scienceops.owner={tmp_path}"}
            assert client.images.list(filters=owned) == []
        finally:
            client.close()

    def test_a_package_that_was_replaced_is_refused(
        self,
        builder: EngineImageBuilder,
        good_order: Callable[[str], BuildOrder],
        tmp_path: Path,
    ) -> None:
        open_store(tmp_path).put(KEY, b"another")
        status = self.end_of(builder, builder.start(good_order("iris-1-1")))
        assert status.state is BuildState.FAILED
        assert "upload the package again" in status.reason
