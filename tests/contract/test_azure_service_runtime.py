"""ContainerAppsServiceRuntime keeps the promises of the runtime, over a stand-in for Azure.

The stand-in checks what it is sent against the SDK's models and runs it as processes; the scorer
is a stand-in, too.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from contract.racers import make_order
from contract.service_runtime import ServiceRuntimeContract
from contract.waiting import wait_for
from emulators.container_apps import API_VERSION, ContainerApps, blueprint
from emulators.containers import Image
from emulators.resource_manager import PLACE, RESOURCE_GROUP, SUBSCRIPTION, serving, serving_app
from flask import Flask

from scienceops.adapters.azure.service_runtime import ContainerAppsServiceRuntime, connect_runtime
from scienceops.azure_settings import AzureSettings
from scienceops.config import Settings
from scienceops.errors import ScorerHidden
from scienceops.ports.service_runtime import DeployOrder, Observed

IMAGE = "registry.azurecr.io/scienceops@sha256:" + "a" * 64


def pull(image: str) -> Image:
    assert image == IMAGE
    return Image(["python", "-m", "contract.stand_in_scorer"])


@pytest.fixture
def apps(tmp_path: Path) -> Iterator[ContainerApps]:
    apps = ContainerApps(tmp_path / "azure", pull)
    yield apps
    apps.end()


@pytest.fixture
def settings(apps: ContainerApps) -> Iterator[Settings]:
    with serving(blueprint(apps)) as address:
        azure = AzureSettings(
            subscription=SUBSCRIPTION,
            resource_group=RESOURCE_GROUP,
            location="westeurope",
            management=address,
            storage_account="storage",
            app_environment="apps",
            container_identity="scorers",
            container_identity_client="11111111-0000-0000-0000-000000000000",
        )
        yield Settings(cloud="azure", images="registry.azurecr.io/scienceops", azure=azure)


class TestContainerAppsServiceRuntime(ServiceRuntimeContract):
    @pytest.fixture
    def runtime(self, settings: Settings) -> ContainerAppsServiceRuntime:
        return connect_runtime(settings)

    @pytest.fixture
    def order(self) -> Callable[..., DeployOrder]:
        def make(version: int = 1, behaviour: str = "") -> DeployOrder:
            return make_order(version, behaviour=behaviour, image=IMAGE)

        return make

    def test_a_container_is_told_who_it_is_and_where_the_bucket_is(
        self, runtime: ContainerAppsServiceRuntime, order: Callable[..., DeployOrder]
    ) -> None:
        endpoint = self.start(runtime, order())
        seen = json.loads(self.get(runtime, endpoint, "/environment").body)
        assert seen["SCORER_GATEWAY_KEY_SHA256"] == "f" * 64
        assert seen["SCORER_REPLICA"]
        assert seen["SCIENCEOPS_CLOUD"] == "azure"
        assert seen["SCIENCEOPS_AZURE_STORAGE_ACCOUNT"] == "storage"
        assert seen["SCIENCEOPS_AZURE_IDENTITY"] == "11111111-0000-0000-0000-000000000000"

    def test_one_that_was_scaled_to_nothing_is_ready_for_the_next_call(
        self,
        runtime: ContainerAppsServiceRuntime,
        order: Callable[..., DeployOrder],
        apps: ContainerApps,
    ) -> None:
        self.start(runtime, order())
        apps.zero.add("iris-v1")
        assert runtime.status("iris", 1).observed is Observed.READY

    def test_one_that_comes_up_for_a_call_is_ready_for_the_others(
        self,
        runtime: ContainerAppsServiceRuntime,
        order: Callable[..., DeployOrder],
        apps: ContainerApps,
    ) -> None:
        endpoint = self.start(runtime, order())
        apps.waking.add("iris-v1")
        status = runtime.status("iris", 1)
        assert (status.observed, status.endpoint) == (Observed.READY, endpoint)

    def test_one_that_was_never_ready_is_not_while_it_comes_up(
        self,
        runtime: ContainerAppsServiceRuntime,
        order: Callable[..., DeployOrder],
        apps: ContainerApps,
    ) -> None:
        apps.waking.add("iris-v1")
        runtime.start(order())
        assert runtime.status("iris", 1).observed is Observed.STARTING

    @pytest.mark.parametrize("status", [404, 503])
    def test_what_the_ingress_answers_itself_is_no_answer_of_a_scorer(
        self, runtime: ContainerAppsServiceRuntime, status: int
    ) -> None:
        ingress = Flask("ingress")
        page = ("<h1>Container App - Unavailable</h1>", status)
        ingress.add_url_rule("/score", view_func=lambda: page, methods=["POST"])
        told = f"{status} in place.*App - Unavailable"
        with serving_app(ingress) as address, pytest.raises(ScorerHidden, match=told):
            runtime.call(address.removeprefix("http://"), "POST", "/score", headers={})

    def test_one_that_drains_is_not_stopped_before_its_name_is_free(
        self,
        runtime: ContainerAppsServiceRuntime,
        order: Callable[..., DeployOrder],
        apps: ContainerApps,
    ) -> None:
        apps.grace_seconds = 600
        self.start(runtime, order(behaviour="deaf"))
        runtime.stop("iris", 1)
        assert runtime.status("iris", 1).observed is Observed.STARTING
        runtime.start(order())
        apps.apps["iris-v1"].container.stop(0)
        wait_for(lambda: runtime.status("iris", 1).observed is Observed.STOPPED)
        assert apps.apps == {}

    def test_what_the_sdk_does_not_know_is_refused_by_the_stand_in(
        self, settings: Settings
    ) -> None:
        app = f"{settings.azure.management}{PLACE}/providers/Microsoft.App/containerApps/iris-v1"
        body = {"location": "x", "properties": {"configuration": {"activeRevisionsMode": "Many"}}}
        now, old = {"api-version": API_VERSION}, {"api-version": "1999-01-01"}
        reply = requests.put(app, params=now, json=body, timeout=60)
        assert "'Many' is none of" in reply.json()["error"]["message"]
        assert requests.get(app, params=old, timeout=60).status_code == 400
