"""What a shell is told of an error that only AWS's SDK knows: the value, and the next step."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from emulators.account import Account

from scienceops.adapters.aws.sdk_errors import explain_error
from scienceops.aws_settings import AwsSettings
from scienceops.bootstrap import explain
from scienceops.config import load_settings

SETTINGS = load_settings({}).model_copy(
    update={"cloud": "aws", "aws": AwsSettings(bucket="models", prefix="scienceops-dev-")}
)


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "in AWS's words"}}, "GetItem")


@pytest.mark.parametrize(
    ("error", "step"),
    [
        (refused("ResourceNotFoundException"), "stage 'scienceops-dev-' with bucket 'models'"),
        (refused("NoSuchBucket"), "SCIENCEOPS_AWS_BUCKET"),
        (refused("ExpiredToken"), "sign in again"),
        (refused("UnrecognizedClientException"), "sign in again"),
        (refused("AccessDeniedException"), "may not do that"),
        (refused("InternalServerError"), "try again later"),
        (EndpointConnectionError(endpoint_url="https://sqs.mars-1"), "is AWS_DEFAULT_REGION"),
        (NoCredentialsError(), "sign in again"),
    ],
)
def test_each_error_is_told_as_it_is_and_with_what_to_do(error: Exception, step: str):
    told = explain_error(error, SETTINGS)
    assert told.startswith(str(error))
    assert step in told


def test_a_fault_of_ours_is_not_explained():
    assert explain(KeyError("version"), SETTINGS) == ""
    assert explain(KeyError("version"), load_settings({})) == ""


@pytest.mark.usefixtures("aws_environment")
def test_a_command_in_the_wrong_region_says_so_in_a_line(tmp_path: Path):
    names = Account()
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("SCIENCEOPS_")},
        "HOME": str(tmp_path),
        "SCIENCEOPS_CLOUD": "aws",
        "SCIENCEOPS_AWS_BUCKET": names.bucket,
        "SCIENCEOPS_AWS_PREFIX": "scienceops-nowhere-",
    }
    done = subprocess.run(
        [Path(sys.executable).with_name("scienceops"), "status"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert "is there a stage 'scienceops-nowhere-'" in done.stderr
