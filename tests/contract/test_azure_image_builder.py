"""The image builder on Azure keeps its promises, over stand-ins for the registry and its Tasks."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from contract.image_builder import ImageBuilderContract
from contract.racers import open_store
from emulators.registry_tasks import RegistryTasks, blueprint
from emulators.resource_manager import RESOURCE_GROUP, SUBSCRIPTION, serving
from models import pack_iris
from stand_in_registry import Registry, serve_registry

from scienceops.adapters.azure.image_builder import connect_builder
from scienceops.adapters.oci.remote_builder import RemoteImageBuilder
from scienceops.azure_settings import AzureSettings
from scienceops.config import Settings
from scienceops.errors import BadSetting
from scienceops.ports.image_builder import BuildOrder, BuildState

KEY = "versions/iris/1/package.zip"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack_iris(tmp_path_factory.mktemp("package"))


@pytest.fixture
def registry() -> Iterator[Registry]:
    with serve_registry() as registry:
        yield registry


@pytest.fixture
def tasks(registry: Registry) -> RegistryTasks:
    return RegistryTasks(registry)


@pytest.fixture
def settings(registry: Registry, tasks: RegistryTasks, tmp_path: Path) -> Iterator[Settings]:
    with serving(blueprint(tasks)) as address:
        azure = AzureSettings(
            subscription=SUBSCRIPTION, resource_group=RESOURCE_GROUP, management=address
        )
        images = f"{registry.host}/scienceops"
        yield Settings(cloud="azure", home=tmp_path, images=images, azure=azure)


class TestAcrImageBuilder(ImageBuilderContract):
    @pytest.fixture
    def builder(self, settings: Settings, package: Path, tmp_path: Path) -> RemoteImageBuilder:
        objects = open_store(tmp_path)
        objects.put(KEY, package)
        return connect_builder(settings, objects)

    @pytest.fixture
    def good_order(self, package: Path) -> Callable[[str], BuildOrder]:
        digest = hashlib.sha256(package.read_bytes()).hexdigest()
        return lambda key: BuildOrder(key, "iris", 1, KEY, digest, ("scikit-learn",), "3.11")

    @pytest.fixture
    def bad_order(self) -> Callable[[str], BuildOrder]:
        return lambda key: BuildOrder(key, "iris", 1, KEY, "0" * 64, ("flask<2",), "3.11")

    def test_the_image_is_on_the_environment_that_the_run_left(
        self,
        builder: RemoteImageBuilder,
        good_order: Callable[[str], BuildOrder],
        registry: Registry,
    ) -> None:
        status = self.end_of(builder, builder.start(good_order("iris-1-1")))
        assert status.image.startswith(f"{registry.host}/scienceops@sha256:")
        assert status.training_image.partition("@")[2] in registry.manifests
        assert status.image.partition("@")[2] in registry.manifests

    def test_runs_that_are_too_many_are_waited_for(
        self,
        builder: RemoteImageBuilder,
        good_order: Callable[[str], BuildOrder],
        tasks: RegistryTasks,
    ) -> None:
        tasks.busy = True
        build_id = builder.start(good_order("iris-1-1"))
        status = builder.status(build_id)
        assert status.state is BuildState.RUNNING
        assert "takes no more runs" in status.log_tail[0]
        tasks.busy = False
        assert self.end_of(builder, build_id).state is BuildState.SUCCEEDED

    def test_a_run_that_azure_has_accepted_and_does_not_find_yet_goes_on(
        self,
        builder: RemoteImageBuilder,
        good_order: Callable[[str], BuildOrder],
        tasks: RegistryTasks,
    ) -> None:
        build_id = builder.start(good_order("iris-1-1"))
        builder.status(build_id)
        tasks.runs, begun = {}, tasks.runs
        assert builder.status(build_id).state is BuildState.RUNNING
        tasks.runs = begun
        assert self.end_of(builder, build_id).state is BuildState.SUCCEEDED


def test_without_a_repository_the_setting_is_named(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="SCIENCEOPS_IMAGES"):
        connect_builder(settings.model_copy(update={"images": ""}), open_store(tmp_path))
