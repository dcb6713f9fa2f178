"""What a version first started with it keeps, and whoever changes the policy is told so."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from scienceops.cli.policy import policy
from scienceops.cli.session import app
from scienceops.cli.status import status
from scienceops.core.started_with import going_on, started_with
from scienceops.ports.service_runtime import DeployOrder, Observed, ServiceStatus
from scienceops.usecases.change_policy import change_policy
from scienceops.usecases.describe import describe_service
from scienceops.usecases.reconcile_deployment import ask_to_run, reconcile_deployment
from scienceops.usecases.records import read_deployment, read_version, save

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MANIFEST = {
    "task": "classification",
    "classes": ["a"],
    "metrics": {},
    "tags": {},
    "origin": {},
    "model": {"format": "skops", "allow_pickle": False},
}


class Ready:
    """A stand-in for a runtime: what is started is ready at once."""

    def __init__(self) -> None:
        self.orders: list[DeployOrder] = []

    def start(self, order: DeployOrder) -> None:
        self.orders.append(order)

    def status(self, service: str, version: int) -> ServiceStatus:
        seen = Observed.READY if self.orders else Observed.STOPPED
        return ServiceStatus(service, version, seen, "unix:/run/scorer" if self.orders else "")


@pytest.fixture
def runtime() -> Ready:
    return Ready()


@pytest.fixture
def cli(ports, tmp_path):
    """Runs a command over the home in which version 1 is live, and gives what it prints."""
    stored = read_version(ports.registry, "iris", 1)
    whole = stored.value.model_copy(update={"manifest": MANIFEST})
    save(ports.registry, stored, whole, at=NOW)

    def run(command, *words):
        done = CliRunner(env={"SCIENCEOPS_HOME": str(tmp_path)}).invoke(command, ["iris", *words])
        assert done.exit_code == 0, done.output
        return done.stdout

    app.cache_clear()
    yield run
    app.cache_clear()


def start(ports):
    ask_to_run("iris", 1, ports, lambda: NOW)
    for _ in range(2):
        reconcile_deployment("iris", 1, ports, lambda: NOW)


def test_what_is_read_back_is_what_the_policy_said_at_the_first_start(ports):
    said = {"capture": "synced", "capture_sampling": "0.5", "direct": "true", "runtime": "lambda"}
    change_policy("iris", said, "eva", ports, lambda: NOW)
    start(ports)
    deployment = read_deployment(ports.registry, "iris", 1).value.to_body()
    assert started_with(deployment) == {
        "capture": "synced",
        "capture_sampling": 0.5,
        "direct": True,
        "runtime": "lambda",
    }


def test_who_sets_a_key_that_is_frozen_is_told_which_versions_go_on_with_what(ports, cli):
    start(ports)
    told = "note: version 1 goes on with capture = durable; the next version takes up stored"
    assert told in cli(policy, "set", "capture=stored")
    assert told in cli(status)
    assert json.loads(cli(policy, "--json"))["notes"] == [told.removeprefix("note: ")]


def test_a_key_that_holds_at_once_has_no_note(ports, cli):
    start(ports)
    assert "note:" not in cli(policy, "set", "margin=0.1")


def test_a_version_that_never_started_takes_a_change_up(ports, cli):
    assert "note:" not in cli(policy, "set", "capture=off")
    start(ports)
    assert "note:" not in cli(status)


def test_a_version_that_started_before_direct_shows_no_address_that_refuses(ports, cli):
    start(ports)
    cli(policy, "set", "direct=true")
    shown = cli(status)
    assert "unix:" not in shown
    assert "direct calls: none: version 1 first started without direct = true" in shown


def test_a_version_that_started_under_direct_shows_its_address(ports, cli):
    cli(policy, "set", "direct=true")
    start(ports)
    assert "direct calls: unix:/run/scorer" in cli(status)
    cli(policy, "set", "direct=false")
    assert "direct calls" not in cli(status)
    assert going_on(describe_service("iris", ports)) == []
