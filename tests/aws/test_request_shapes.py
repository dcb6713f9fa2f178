"""What the adapters ask of ECS and EMR Serverless, taken by moto's own reading of them.

moto runs nothing; it checks names, references and states that our own stand-ins might wave through.
Its RunTask fails on any task in a network, so that jobs in images are left out.
"""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from scienceops.adapters.aws.emr_job import EmrJobs
from scienceops.adapters.aws.fargate_runtime import FargateRuntime
from scienceops.adapters.aws.object_store import S3ObjectStore
from scienceops.aws_settings import AwsSettings
from scienceops.config import Settings
from scienceops.ports.job_launcher import JobOrder
from scienceops.ports.service_runtime import DeployOrder

ACCOUNT = "123456789012"
IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/t-images@sha256:{'0' * 64}"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes clients of an account in moto."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield lambda service: boto3.client(service, region_name="us-east-1")


@pytest.fixture
def settings(aws: Any) -> Settings:
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="tasks", Description="tasks", VpcId=vpc)["GroupId"]
    aws("ecs").create_cluster(clusterName="t-services")
    application = aws("emr-serverless").create_application(
        name="t-statistics", releaseLabel="emr-7.0.0", type="SPARK"
    )["applicationId"]
    aws("s3").create_bucket(Bucket="t-bucket")
    return Settings(
        cloud="aws",
        aws=AwsSettings(
            bucket="t-bucket",
            prefix="t-",
            roles=f"arn:aws:iam::{ACCOUNT}:role/",
            region="us-east-1",
            subnets=subnet,
            security_group=group,
            emr_application=application,
        ),
    )


def test_a_scorer_is_a_service_that_scales(aws, settings):
    ecs, scaling = aws("ecs"), aws("application-autoscaling")
    runtime = FargateRuntime(settings, ecs=ecs, scaling=scaling, logs=aws("logs"))
    order = DeployOrder("iris", 1, IMAGE, "", "", "f" * 64, {}, "fargate")
    runtime.start(order, "t-iris-1-1")
    [service] = ecs.describe_services(cluster="t-services", services=["t-iris-1-1"])["services"]
    assert (service["desiredCount"], service["launchType"]) == (1, "FARGATE")
    [target] = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert target["ResourceId"] == "service/t-services/t-iris-1-1"
    runtime.stop("t-iris-1-1")
    assert not scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]


def test_a_job_of_the_platform_is_a_run_of_the_application(aws, settings):
    emr = aws("emr-serverless")
    objects = S3ObjectStore(aws("s3"), "t-bucket")
    jobs = EmrJobs(settings, objects, emr=emr)
    run = jobs.start("run-000000001-1", JobOrder("run-000000001-1", "stats_job", (), 60))
    application, _, identity = run.partition("/")
    assert application == settings.aws.emr_application
    told = emr.get_job_run(applicationId=application, jobRunId=identity)["jobRun"]
    assert told["jobDriver"]["sparkSubmit"]["entryPointArguments"] == ["stats_job"]
    assert jobs.log(run) == ""
