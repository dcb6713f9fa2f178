"""What ECS tells of a service in more than one page, or not at all."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from scienceops.adapters.aws.fargate_runtime import FargateRuntime
from scienceops.aws_settings import AwsSettings
from scienceops.config import Settings
from scienceops.errors import ServiceNotReady
from scienceops.ports.service_runtime import Observed

SETTINGS = Settings(cloud="aws", aws=AwsSettings(prefix="t-"))
PLACE = {"cluster": "t-services", "serviceName": "t-iris-1-1"}


class NoLogs:
    def get_log_events(self, **_: Any) -> dict[str, Any]:
        return {"events": []}


@pytest.fixture
def ecs() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client(
        "ecs", region_name="us-east-1", aws_access_key_id="t", aws_secret_access_key="t"
    )
    with Stubber(client) as stub:
        yield client, stub


@pytest.fixture
def runtime(ecs: tuple[Any, Stubber]) -> FargateRuntime:
    return FargateRuntime(SETTINGS, ecs=ecs[0], scaling=None, logs=NoLogs())


def test_a_task_that_cannot_load_its_model_is_found_on_the_second_page(runtime, ecs) -> None:
    _, stub = ecs
    deployment = {"id": "ecs-svc/1", "status": "PRIMARY"}
    service = {"serviceName": "t-iris-1-1", "status": "ACTIVE", "deployments": [deployment]}
    stub.add_response("describe_services", {"services": [service]})
    for arn, code, more in (("arn:1", 137, {"nextToken": "2"}), ("arn:2", 3, {})):
        asked = {**PLACE, "desiredStatus": "STOPPED"}
        asked |= {"nextToken": "2"} if not more else {}
        stub.add_response("list_tasks", {"taskArns": [arn], **more}, asked)
        task = {"taskArn": arn, "startedBy": "ecs-svc/1", "containers": [{"exitCode": code}]}
        stub.add_response("describe_tasks", {"tasks": [task]})
    status = runtime.status("iris", 1, "t-iris-1-1")
    assert status is not None
    assert (status.observed, "exit code 3" in status.reason) == (Observed.FAILED, True)


@pytest.mark.parametrize("code", ["ThrottlingException", "ServiceNotFoundException"])
def test_a_call_whose_tasks_ecs_does_not_tell_is_not_ready(runtime, ecs, code: str) -> None:
    _, stub = ecs
    stub.add_client_error("list_tasks", code)
    # Nobody listens there any more.
    with pytest.raises(ServiceNotReady):
        runtime.call("t-iris-1-1/127.0.0.1:9", "GET", "/healthz", {}, b"", 1)
