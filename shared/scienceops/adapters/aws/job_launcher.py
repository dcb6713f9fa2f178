"""AwsJobLauncher: jobs of the platform on EMR Serverless, those in an image, or that call, on ECS.

Both forget a run after a while, so what is known of a job lies in the bucket:

    jobs/ID/job.json     which run it is, since when, and how long it may take
    jobs/ID/asked.json   that somebody wants it cancelled
    jobs/ID/ended.json   how it ended; jobs/ID/log.txt: what it wrote
"""

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from scienceops.adapters.aws import ecs_task, emr_job
from scienceops.adapters.aws.ecs_task import EcsTasks
from scienceops.adapters.aws.emr_job import EmrJobs
from scienceops.adapters.aws.job_runs import JobRuns
from scienceops.adapters.aws.resources import StartRefused
from scienceops.config import Settings
from scienceops.core.names import job_key, plain_name
from scienceops.errors import ObjectExists, ObjectNotFound
from scienceops.ports.job_launcher import JobOrder, JobState, JobStatus
from scienceops.ports.object_store import ObjectStore

JOB, ASKED, ENDED, LOG = "job.json", "asked.json", "ended.json", "log.txt"
TAIL_LINES = 20
#: AWS shows what was begun only some moments later; after this long, what it does not show is gone.
SHOWN_WITHIN_SECONDS = 120


class AwsJobLauncher:
    """JobLauncher of an AWS account. ecs, emr (emr-serverless), logs: boto3 clients.

    A time limit is kept by who asks for the status; AWS has one of its own beside it for runs of
    EMR. Whoever dies between starting a run and noting it starts the same run again.
    """

    def __init__(
        self,
        settings: Settings,
        objects: ObjectStore,
        *,
        ecs: Any,
        emr: Any,
        logs: Any,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._objects = objects
        self._clock = clock
        self._runs: Mapping[str, JobRuns] = {
            ecs_task.KIND: EcsTasks(settings, ecs=ecs, logs=logs),
            emr_job.KIND: EmrJobs(settings, objects, emr=emr),
        }

    def start(self, order: JobOrder) -> str:
        """Begin the job, unless it was begun."""
        job_id = plain_name(order.key)
        if self._read(job_id, JOB) or self._read(job_id, ENDED):
            return job_id
        # From EMR Serverless neither Lambda nor tasks are reached, so scorers are not.
        kind = ecs_task.KIND if order.image or order.calling_image else emr_job.KIND
        try:
            run = self._runs[kind].start(job_id, order)
        except StartRefused as error:
            self._end(job_id, JobState.FAILED, f"the job cannot be started: {error}", "")
            return job_id
        job = {
            "kind": kind,
            "run": run,
            "began": self._clock().isoformat(),
            "timeout_seconds": order.timeout_seconds,
        }
        self._write_once(job_id, JOB, job)
        return job_id

    def status(self, job_id: str) -> JobStatus:
        """How the job stands."""
        ended = self._ended(job_id)
        if ended is not None:
            return ended
        job = self._read(job_id, JOB)
        if job is None:
            why = f"no job {job_id!r} was ever started"
            return JobStatus(JobState.FAILED, reason=why)
        runs = self._runs[job["kind"]]
        look = runs.look(job["run"])
        age_seconds = (self._clock() - datetime.fromisoformat(job["began"])).total_seconds()
        if not look.known and age_seconds < SHOWN_WITHIN_SECONDS:
            return JobStatus(JobState.RUNNING)
        if look.runs:
            if age_seconds <= job["timeout_seconds"]:
                return JobStatus(JobState.RUNNING, log_tail=_tail(runs.log(job["run"])))
            runs.stop(job["run"])
            why = f"the job was over its time limit of {job['timeout_seconds']:g} s"
            return self._end(job_id, JobState.FAILED, why, runs.log(job["run"]))
        log = runs.log(job["run"])
        if look.succeeded:
            return self._end(job_id, JobState.SUCCEEDED, "", log)
        if self._read(job_id, ASKED):
            return self._end(job_id, JobState.CANCELLED, "", log)
        return self._end(job_id, JobState.FAILED, f"the job ended badly: {look.reason}", log)

    def cancel(self, job_id: str) -> None:
        """Stop its run, unless it has ended."""
        job = self._read(job_id, JOB)
        if job is None or self.status(job_id).state is not JobState.RUNNING:
            return
        self._write_once(job_id, ASKED, {"at": self._clock().isoformat()})
        self._runs[job["kind"]].stop(job["run"])

    def log(self, job_id: str) -> str:
        """What the job has written; of one that has ended, from the bucket."""
        try:
            return self._objects.get(job_key(plain_name(job_id), LOG)).decode()
        except ObjectNotFound:
            job = self._read(job_id, JOB)
            return self._runs[job["kind"]].log(job["run"]) if job else ""

    def _end(self, job_id: str, state: JobState, reason: str, log: str) -> JobStatus:
        """Write down how it ended; what was written first holds."""
        if log:
            # EMR may bring a log later than the end.
            self._objects.put(job_key(plain_name(job_id), LOG), log.encode())
        status = JobStatus(state, reason, _tail(log))
        self._write_once(job_id, ENDED, asdict(status))
        return self._ended(job_id) or status

    def _ended(self, job_id: str) -> JobStatus | None:
        found = self._read(job_id, ENDED)
        if found is None:
            return None
        return JobStatus(JobState(found["state"]), found["reason"], tuple(found["log_tail"]))

    def _read(self, job_id: str, name: str) -> dict[str, Any] | None:
        try:
            document: dict[str, Any] = json.loads(
                self._objects.get(job_key(plain_name(job_id), name))
            )
        except ObjectNotFound:
            return None
        return document

    def _write_once(self, job_id: str, name: str, document: Mapping[str, Any]) -> None:
        data = json.dumps(document).encode()
        with contextlib.suppress(ObjectExists):
            self._objects.put(job_key(plain_name(job_id), name), data, if_absent=True)


def _tail(log: str) -> tuple[str, ...]:
    return tuple(log.splitlines()[-TAIL_LINES:])
