"""What EMR Serverless refuses: for now, so that the job is begun later, or for good."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from scienceops.adapters.aws.emr_job import EmrJobs
from scienceops.adapters.aws.resources import StartRefused
from scienceops.aws_settings import AwsSettings
from scienceops.config import Settings
from scienceops.errors import Unavailable
from scienceops.ports.job_launcher import JobOrder

#: As of an application that was idle for its five minutes, and takes a while to stop.
STOPPING = "Applications must be in one of the following statuses: [CREATED, STARTED, STOPPED]"


class RefusingEmr:
    """Stands for EMR Serverless that begins no job."""

    def __init__(self, code: str, message: str) -> None:
        self._error = {"Error": {"Code": code, "Message": message}}

    def start_job_run(self, **_: Any) -> None:
        raise ClientError(self._error, "StartJobRun")


def begin(code: str, message: str) -> None:
    settings = Settings(aws=AwsSettings(bucket="bucket", emr_application="00application"))
    objects: Any = None
    jobs = EmrJobs(settings, objects, emr=RefusingEmr(code, message))
    jobs.start("run-1", JobOrder("run-1", "stats_job", (), timeout_seconds=60))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ValidationException", STOPPING),
        ("ConflictException", "conflict in the current state of the resource"),
        ("ServiceQuotaExceededException", "too many processors"),
    ],
)
def test_a_job_that_comes_at_the_wrong_moment_is_begun_later(code, message):
    with pytest.raises(Unavailable, match=message[:20]):
        begin(code, message)


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException"])
def test_a_job_that_is_wrong_by_itself_is_refused(code):
    with pytest.raises(StartRefused, match="execution role"):
        begin(code, "the execution role is none")
