"""Statistics on EMR: the real spark-submit gets the very arguments that the adapter sends, and the
job reads from and writes to the emulated account."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from club import ROWS, assert_same, fill, run_inline, values
from contract.waiting import PATIENCE
from emulators.account import Account

from infra import job_files
from infra.stage import stage
from scienceops.adapters.aws import connect
from scienceops.config import Settings
from scienceops.core.names import run_manifest_key, run_result_key
from scienceops.ports.job_launcher import JobOrder, JobState

#: Two starts of Java and of Python's workers, on a busy machine.
PATIENCE_SECONDS = 240 * PATIENCE


@pytest.fixture
def settings(account: Account, stand_ins: Any, tmp_path: Path) -> Settings:
    """An installation with its job files; the Python of their archive is that of the tests."""
    stand_ins.emr.submits = True
    account.make_tables()
    programs = tmp_path / "environment/bin"
    programs.mkdir(parents=True)
    (programs / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (programs / "python3").chmod(0o755)
    environment = job_files.write_archive(tmp_path / "environment", tmp_path / "environment.tar.gz")
    packages = stage("emr", tmp_path / "build")
    job_files.upload(account.client("s3"), account.bucket, packages, environment)
    names = {"roles": "arn:aws:iam::000000000000:role/", "emr_application": "00application"}
    names["region"] = "us-east-1"
    own = account.settings.aws.model_copy(update=names)
    return account.settings.model_copy(update={"aws": own})


@pytest.mark.spark
def test_spark_on_emr_makes_the_numbers_of_the_inline_engine(
    settings: Settings, stand_ins: Any
) -> None:
    ports = connect(settings)
    fill(ports)
    run_inline(ports, 1)
    inline = values(ports)
    key = run_manifest_key("run-000000003")
    arguments = ("--manifest", key, "--engine", "spark")
    job = ports.jobs.start(JobOrder("run-000000003-1", "stats_job", arguments, PATIENCE_SECONDS))
    [run] = stand_ins.emr.runs.values()
    run.threads[0].join(PATIENCE_SECONDS)
    log = ports.jobs.log(job)
    assert ports.jobs.status(job).state is JobState.SUCCEEDED, log
    result = json.loads(ports.objects.get(run_result_key("run-000000003")))
    assert (result["engine"], result["rows_read"]) == ("spark", 2 * ROWS)
    # One Java, that of spark-submit: the job takes its session, and starts none of its own.
    assert log.count("Running Spark version") == 1
    assert_same(values(ports), inline)
