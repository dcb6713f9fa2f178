"""SubprocessJobLauncher: a job is a supervised process of this machine."""

import sys
from pathlib import Path

from scienceops.adapters.local.images import interpreter_of
from scienceops.adapters.local.supervise import (
    cancel_task,
    read_log,
    start_task,
    tail_of,
    task_state,
)
from scienceops.config import Settings
from scienceops.ports.job_launcher import JobOrder, JobState, JobStatus


class SubprocessJobLauncher:
    """JobLauncher with processes; everything known of a job lies in its folder."""

    def __init__(self, home: Path, settings: Settings) -> None:
        self._home = home
        self._settings = settings

    def start(self, order: JobOrder) -> str:
        """Begin the job under its key."""
        python = interpreter_of(order.image, self._home) if order.image else sys.executable
        start_task(
            self._folder(order.key),
            [[python, "-m", order.module, *order.arguments]],
            order.timeout_seconds,
            {**self._settings.as_environment, **order.settings},
        )
        return order.key

    def status(self, job_id: str) -> JobStatus:
        """How it stands."""
        folder = self._folder(job_id)
        found = task_state(folder)
        state = JobState.FAILED if found["state"] == "unknown" else JobState(found["state"])
        return JobStatus(state, found["reason"], tail_of(read_log(folder)))

    def cancel(self, job_id: str) -> None:
        """End it."""
        cancel_task(self._folder(job_id))

    def log(self, job_id: str) -> str:
        """Its output so far."""
        return read_log(self._folder(job_id))

    def _folder(self, job_id: str) -> Path:
        return self._home / "jobs" / job_id.replace("/", "_")
