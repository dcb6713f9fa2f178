"""The policy's runtime: refused where a platform lacks it, and frozen with a deployment."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from scienceops.app import App
from scienceops.aws_settings import AwsSettings
from scienceops.config import Settings
from scienceops.errors import BadPolicy
from scienceops.ports import Ports
from scienceops.ports.service_runtime import DeployOrder, Observed, ServiceStatus
from scienceops.usecases.change_policy import change_policy
from scienceops.usecases.reconcile_deployment import ask_to_run, reconcile_deployment
from scienceops.usecases.records import read_service

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Recorder:
    """A stand-in for a runtime: remembers what it was told to start, and never runs anything."""

    def __init__(self) -> None:
        self.orders: list[DeployOrder] = []

    def start(self, order: DeployOrder) -> None:
        self.orders.append(order)

    def status(self, service: str, version: int) -> ServiceStatus:
        return ServiceStatus(service, version, Observed.STOPPED)


@pytest.fixture
def runtime() -> Recorder:
    return Recorder()


def set_runtime(ports: Ports, value: str) -> None:
    change_policy("iris", {"runtime": value}, "ann", ports, lambda: NOW)


def start(ports: Ports) -> None:
    ask_to_run("iris", 1, ports, lambda: NOW)
    reconcile_deployment("iris", 1, ports, lambda: NOW)


def test_a_version_is_started_on_the_runtime_of_the_policy(ports, runtime):
    set_runtime(ports, "fargate")
    start(ports)
    assert [order.runtime for order in runtime.orders] == ["fargate"]


def test_what_began_on_one_runtime_is_restarted_on_it(ports, runtime):
    start(ports)
    set_runtime(ports, "lambda")
    start(ports)
    assert [order.runtime for order in runtime.orders] == ["auto", "auto"]


@pytest.mark.parametrize("cloud", ["local", "azure"])
def test_a_platform_without_it_refuses_the_policy_with_a_message(ports, tmp_path, cloud):
    app = App(ports, Settings(home=tmp_path, cloud=cloud), lambda: NOW)
    with pytest.raises(BadPolicy, match=rf"this platform \({cloud}\) knows auto alone"):
        app.decisions.change_policy("iris", {"runtime": "lambda"}, "ann")


def on_aws(ports: Ports, home: Path, warm: bool) -> App:
    return App(ports, Settings(home=home, cloud="aws", aws=AwsSettings(warm=warm)), lambda: NOW)


def test_fargate_is_refused_where_no_door_could_reach_it_and_nothing_is_changed(ports, tmp_path):
    app = on_aws(ports, tmp_path, warm=False)
    with pytest.raises(BadPolicy, match="deploy the stage with --param=warm=yes"):
        app.decisions.change_policy("iris", {"runtime": "fargate", "promotion": "manual"}, "ann")
    assert read_service(ports.registry, "iris").value.policy == {}


def test_fargate_is_taken_on_a_warm_stage(ports, tmp_path):
    app = on_aws(ports, tmp_path, warm=True)
    changed = app.decisions.change_policy("iris", {"runtime": "fargate"}, "ann")
    assert changed["runtime"] == "fargate"


def test_aws_takes_it(ports, tmp_path):
    app = App(ports, Settings(home=tmp_path, cloud="aws"), lambda: NOW)
    changed = app.decisions.change_policy("iris", {"runtime": "lambda"}, "ann")
    assert changed["runtime"] == "lambda"
