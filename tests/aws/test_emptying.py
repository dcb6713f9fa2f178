"""A stage is taken down only when nothing of it runs on ECS any more, whoever knows of it."""

from pathlib import Path
from typing import Any

import boto3
import pytest
from contract.waiting import wait_for
from emulators.account import Account
from emulators.model_images import push_image
from emulators.stand_in_ecs import ADDRESSES
from ports import free_ports

from infra import aws_cluster, destroy_aws
from scienceops.adapters.aws.clients import LazyClient
from scienceops.adapters.aws.object_store import S3ObjectStore
from scienceops.adapters.aws.service_runtime import AwsServiceRuntime
from scienceops.config import Settings
from scienceops.ports.service_runtime import DeployOrder, Observed

pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "localhost", *ADDRESSES])


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (aws_cluster, destroy_aws):
        monkeypatch.setattr(module, "PAUSE_SECONDS", 0.2)


@pytest.fixture
def settings(account: Account) -> Settings:
    """Of stage `t`, whose bucket is the account's."""
    known = destroy_aws.settings_of("t", account.bucket)
    network = {"subnets": "subnet-1", "security_group": "sg-1", "region": "us-east-1", "warm": True}
    roles = {"roles": "arn:aws:iam::000000000000:role/"}
    return known.model_copy(update={"aws": known.aws.model_copy(update={**network, **roles})})


@pytest.fixture
def runtime(settings: Settings, stand_ins: Any) -> AwsServiceRuntime:
    clients = {name: LazyClient(name) for name in ("ecs", "logs")}
    return AwsServiceRuntime(
        settings,
        S3ObjectStore(LazyClient("s3"), settings.aws.bucket),
        functions=LazyClient("lambda"),
        calls=LazyClient("lambda", attempts=1),
        scaling=LazyClient("application-autoscaling"),
        port=free_ports(1)[0],
        **clients,
    )


@pytest.fixture
def image(stand_ins: Any, tmp_path: Path) -> str:
    package = tmp_path / "package.zip"
    package.write_bytes(b"what the stand-in never reads")
    return push_image(stand_ins.registry, package, module="contract.stand_in_scorer")


def order(image: str, version: int, behaviour: str) -> DeployOrder:
    told = {"STAND_IN": behaviour}
    return DeployOrder("iris", version, image, "", "", "f" * 64, told, "fargate")


def left(stand_ins: Any) -> list[Any]:
    """What costs money: services, tasks, and what is scaled."""
    listed = boto3.client("ecs").list_services(cluster="scienceops-t-services")["serviceArns"]
    tasks = [task for task in stand_ins.ecs.tasks.values() if task.process.poll() is None]
    return [*listed, *tasks, *stand_ins.scaling.targets]


def test_a_scorer_that_failed_is_stopped_too(runtime, stand_ins, image, account) -> None:
    runtime.start(order(image, 1, "broken"))
    wait_for(lambda: runtime.status("iris", 1).observed is Observed.FAILED, seconds=60)
    destroy_aws.stop("t", account.bucket)
    assert left(stand_ins) == []


def test_a_scorer_has_ended_before_the_stack_goes(runtime, stand_ins, image, account) -> None:
    # It goes on until it is killed, when its time to end is over.
    runtime.start(order(image, 1, "deaf"))
    wait_for(lambda: runtime.status("iris", 1).observed is Observed.READY, seconds=60)
    for task in stand_ins.ecs.tasks.values():
        task.grace_seconds = 7
    destroy_aws.stop("t", account.bucket)
    assert left(stand_ins) == []


def test_what_no_record_names_is_stopped_jobs_among_it(
    runtime, stand_ins, image, account, settings, capsys
) -> None:
    for version in (1, 2, 3):
        runtime.start(order(image, version, ""))
    # Lost, as by a person's hand.
    store = S3ObjectStore(LazyClient("s3"), account.bucket)
    for info in list(store.scan("deployments/")):
        store.delete(info.key)
    boto3.client("ecs").run_task(
        cluster="scienceops-t-services",
        taskDefinition="scienceops-t-iris-1-1",
        startedBy="retraining-1",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    )
    destroy_aws.stop("t", account.bucket)
    assert left(stand_ins) == []
    told = capsys.readouterr().out
    assert told.count("stopping service scienceops-t-iris-") == 3
    assert "stopping task arn:" in told
