"""EmrJobs: the platform's own jobs, each one run of EMR Serverless.

They run from files that the deployment puts into the bucket, under SCIENCEOPS_AWS_JOB_FILES:
`on_emr.py`, which runs a module; `scienceops.zip`, our own packages; `environment.tar.gz`, a Python
with what they need. A run that needs no Spark, such as statistics of a small day under
`--engine auto`, computes in its driver: no more than one executor is started for it.
"""

import gzip
import math
import re
import shlex
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from scienceops.adapters.aws.clients import error_code
from scienceops.adapters.aws.job_runs import Look, token_of
from scienceops.adapters.aws.resources import StartRefused, environment_inside, role
from scienceops.config import Settings
from scienceops.core.names import JOBS
from scienceops.errors import ObjectNotFound, Unavailable
from scienceops.ports.job_launcher import JobOrder
from scienceops.ports.object_store import ObjectStore

KIND = "emr"
ENTRY, PACKAGES, ENVIRONMENT = "on_emr.py", "scienceops.zip", "environment.tar.gz"
LOGS = f"{JOBS}logs/"
#: The least time limit that EMR Serverless takes; ours is kept by the launcher.
LEAST_MINUTES = 5
PYTHON = "./environment/bin/python3"

_GOING = ("SUBMITTED", "PENDING", "SCHEDULED", "RUNNING", "QUEUED", "CANCELLING")
_GONE = "ResourceNotFoundException"
_FULL = "ServiceQuotaExceededException"
_BUSY, _INVALID = "ConflictException", "ValidationException"
#: In the message of a ValidationException about an application that is, say, stopping. It starts by
#: itself for a job, but takes none while it changes its state.
_CHANGING = "one of the following statuses"
_EXIT_CODE = re.compile(r"ExitCode: (\d+)")
_NEEDS_QUOTES = re.compile(r"[\s'\"\\]")


class EmrJobs:
    """JobRuns as Spark jobs. emr: a boto3 client of `emr-serverless`."""

    def __init__(self, settings: Settings, objects: ObjectStore, *, emr: Any) -> None:
        self._settings = settings
        self._objects = objects
        self._emr = emr

    def start(self, job_id: str, order: JobOrder) -> str:
        """Submit the module; APPLICATION/RUN, by which a shell without that setting finds it."""
        aws = self._settings.aws
        if not aws.emr_application:
            raise StartRefused("a job without an image needs SCIENCEOPS_AWS_EMR_APPLICATION")
        try:
            begun = self._emr.start_job_run(
                applicationId=aws.emr_application,
                clientToken=token_of(aws.prefix, job_id),
                executionRoleArn=role(aws, "statistics"),
                name=job_id,
                executionTimeoutMinutes=max(LEAST_MINUTES, math.ceil(order.timeout_seconds / 60)),
                jobDriver={
                    "sparkSubmit": {
                        "entryPoint": self._place(ENTRY),
                        "entryPointArguments": [order.module, *order.arguments],
                        "sparkSubmitParameters": self._parameters(order),
                    }
                },
                configurationOverrides={
                    "monitoringConfiguration": {
                        "s3MonitoringConfiguration": {"logUri": f"s3://{aws.bucket}/{LOGS}"}
                    }
                },
            )
        except ClientError as error:
            code = error_code(error)
            if code == _FULL:
                raise Unavailable(f"EMR Serverless has no room for a job: {error}") from error
            if code == _BUSY or (code == _INVALID and _CHANGING in str(error)):
                raise Unavailable(f"EMR Serverless takes no job right now: {error}") from error
            if code in (_INVALID, "AccessDeniedException", _GONE):
                raise StartRefused(str(error)) from error
            raise
        return f"{aws.emr_application}/{begun['jobRunId']}"

    def look(self, run_id: str) -> Look:
        """How the run stands."""
        try:
            told = self._emr.get_job_run(**self._names(run_id))["jobRun"]
        except ClientError as error:
            if error_code(error) != _GONE:
                raise
            reason = "its run is not known to EMR Serverless any more"
            return Look(runs=False, reason=reason, known=False)
        if told["state"] in _GOING:
            return Look(runs=True)
        if told["state"] == "SUCCESS":
            return Look(runs=False, succeeded=True)
        details = told.get("stateDetails", "")
        code = _EXIT_CODE.search(details)
        why = f"exit code {code[1]}" if code else details or f"its run is {told['state']}"
        return Look(runs=False, reason=why)

    def stop(self, run_id: str) -> None:
        """Cancel the run."""
        try:
            self._emr.cancel_job_run(**self._names(run_id))
        except ClientError as error:
            # It has ended, or is not known.
            if error_code(error) not in (_GONE, _INVALID):
                raise

    def log(self, run_id: str) -> str:
        """The driver's output, Spark's own words before the job's."""
        names = self._names(run_id)
        run = f"applications/{names['applicationId']}/jobs/{names['jobRunId']}"
        folder = f"{LOGS}{run}/SPARK_DRIVER/"
        found = []
        for name in ("stderr", "stdout"):
            try:
                found.append(gzip.decompress(self._objects.get(f"{folder}{name}.gz")))
            except ObjectNotFound:
                continue
        return b"".join(found).decode(errors="replace")

    def _names(self, run_id: str) -> dict[str, str]:
        application, _, run = run_id.rpartition("/")
        # Runs that were noted before are those of this installation's application.
        known = application or self._settings.aws.emr_application
        return {"applicationId": known, "jobRunId": run}

    def _parameters(self, order: JobOrder) -> str:
        environment = {**environment_inside(self._settings), **order.settings}
        python = {"PYSPARK_PYTHON": PYTHON, "PYSPARK_DRIVER_PYTHON": PYTHON}
        if self._settings.aws.region:
            # EMR tells it by AWS_REGION alone, which boto3 does not read.
            environment["AWS_DEFAULT_REGION"] = self._settings.aws.region
        settings = {
            "spark.archives": f"{self._place(ENVIRONMENT)}#environment",
            "spark.dynamicAllocation.initialExecutors": "1",
        }
        for name, value in {**environment, **python}.items():
            settings[f"spark.emr-serverless.driverEnv.{name}"] = value
            settings[f"spark.executorEnv.{name}"] = value
        words = ["--py-files", self._place(PACKAGES)]
        for name, value in settings.items():
            words += ["--conf", f"{name}={value}"]
        return _join(words)

    def _place(self, file: str) -> str:
        aws = self._settings.aws
        return f"s3://{aws.bucket}/{aws.job_files}{file}"


def _join(words: Iterable[str]) -> str:
    """The words as AWS's documentation writes them: in quotes only where they cannot do without,
    for `archive#folder` stands there bare.

    >>> _join(["--conf", "spark.archives=s3://b/e.tar.gz#environment", "a b"])
    "--conf spark.archives=s3://b/e.tar.gz#environment 'a b'"
    """
    return " ".join(
        shlex.quote(word) if _NEEDS_QUOTES.search(word) or not word else word for word in words
    )
