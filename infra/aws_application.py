"""The EMR application of a stage, stopped: CloudFormation deletes none that runs, or idles."""

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any

import boto3

#: A run is given two minutes to end in, and the application takes its time to stop.
LONGEST_SECONDS = 600
PAUSE_SECONDS = 5
STARTED = ("STARTING", "STARTED")
STOPPED = ("CREATED", "STOPPED", "TERMINATED")
#: Of a run, as long as its application cannot be stopped.
CANCELLING = "CANCELLING"
GOING = ["SUBMITTED", "PENDING", "SCHEDULED", "RUNNING", "QUEUED", CANCELLING]


def stop_application(identity: str) -> None:
    """Cancel its runs, stop it, and wait until it has stopped.

    Raises SystemExit with how it stands when that takes too long.
    """
    emr: Any = boto3.client("emr-serverless")
    end = time.monotonic() + LONGEST_SECONDS
    while (state := _state(emr, identity)) not in STOPPED:
        if time.monotonic() > end:
            raise SystemExit(
                f"EMR application {identity} is {state}; look at it in the console, then try again"
            )
        if state in STARTED:
            _stop(emr, identity)
        time.sleep(PAUSE_SECONDS)


def _stop(emr: Any, identity: str) -> None:
    runs = list(_going(emr, identity))
    # What has ended, or has begun to stop, in this moment is refused.
    with contextlib.suppress(emr.exceptions.ValidationException):
        if not runs:
            sys.stdout.write(f"stopping EMR application {identity}\n")
            emr.stop_application(applicationId=identity)
        for run in runs:
            if run["state"] != CANCELLING:
                sys.stdout.write(f"cancelling run {run['name']}\n")
                emr.cancel_job_run(applicationId=identity, jobRunId=run["id"])


def _state(emr: Any, identity: str) -> str:
    try:
        return str(emr.get_application(applicationId=identity)["application"]["state"])
    except emr.exceptions.ResourceNotFoundException:
        # A teardown that was broken off may have deleted it.
        return "TERMINATED"


def _going(emr: Any, identity: str) -> Iterator[dict[str, Any]]:
    pages = emr.get_paginator("list_job_runs")
    for page in pages.paginate(applicationId=identity, states=GOING):
        yield from page["jobRuns"]
