"""A stage's EMR application is stopped before its stack goes, by moto's own reading of the calls.

moto deletes one that is stopped alone, as EMR Serverless does; that it refuses to stop one with
runs in it is added here.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.emrserverless import models

from infra import aws_application, destroy_aws

ROLE = "arn:aws:iam::123456789012:role/scienceops-dev-statistics"


@pytest.fixture
def emr(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    for name, value in (*((n, "test") for n in names), ("AWS_DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setattr(aws_application, "PAUSE_SECONDS", 0)
    stop = models.EMRServerlessBackend.stop_application

    def stop_if_idle(self: Any, application_id: str) -> None:
        runs = self.job_runs.get(application_id, ())
        assert not [run for run in runs if run.state in aws_application.GOING]
        stop(self, application_id)

    monkeypatch.setattr(models.EMRServerlessBackend, "stop_application", stop_if_idle)
    with mock_aws():
        yield boto3.client("emr-serverless")


@pytest.fixture
def application(emr: Any) -> str:
    """One that has started, as it stays for minutes after a run."""
    made = emr.create_application(
        name="scienceops-dev-statistics", releaseLabel="emr-7.0.0", type="SPARK"
    )
    identity = str(made["applicationId"])
    emr.start_application(applicationId=identity)
    # moto knows an application without runs by none.
    models.emrserverless_backends["123456789012"]["us-east-1"].job_runs[identity] = []
    return identity


def test_one_that_idles_is_stopped_so_that_it_can_be_deleted(emr: Any, application: str):
    with pytest.raises(emr.exceptions.ValidationException, match="STOPPED"):
        emr.delete_application(applicationId=application)
    aws_application.stop_application(application)
    emr.delete_application(applicationId=application)


def test_runs_are_cancelled_first(emr: Any, application: str, monkeypatch):
    # Else moto's have ended when they begin.
    monkeypatch.setattr(models, "JOB_STATUS", "RUNNING")
    run = emr.start_job_run(
        applicationId=application,
        executionRoleArn=ROLE,
        name="run-000000001-1",
        jobDriver={"sparkSubmit": {"entryPoint": "s3://b/on_emr.py"}},
    )["jobRunId"]
    aws_application.stop_application(application)
    told = emr.get_job_run(applicationId=application, jobRunId=run)["jobRun"]
    assert told["state"] == "CANCELLED"
    emr.delete_application(applicationId=application)


def test_one_that_is_gone_holds_nobody_up(emr: Any):
    aws_application.stop_application("00gone")


def test_one_that_does_not_stop_is_told(emr: Any, application: str, monkeypatch):
    monkeypatch.setattr(aws_application, "LONGEST_SECONDS", -1)
    with pytest.raises(SystemExit, match=f"EMR application {application} is STARTED"):
        aws_application.stop_application(application)


def test_a_teardown_stops_that_of_its_stage_before_the_stack_goes(
    emr: Any, application: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    outputs = {"BucketName": "any", "StatisticsApplication": application}
    monkeypatch.setattr(destroy_aws, "outputs_of", lambda _: outputs)
    monkeypatch.setattr(destroy_aws, "account_of", lambda _: "123456789012")
    monkeypatch.setattr(destroy_aws, "stop", lambda *_: None)
    osls = tmp_path / "osls"
    osls.write_text("#!/bin/sh\nexit 0\n")
    osls.chmod(0o755)
    assert destroy_aws.main("dev", str(osls), ["--region=us-east-1"]) == 0
    emr.delete_application(applicationId=application)
