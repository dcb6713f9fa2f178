"""SubprocessJobLauncher: a job is a supervised process of this machine, or in a container."""

from pathlib import Path

from scienceops.adapters.local.environments import Environments
from scienceops.adapters.local.import_path import import_path
from scienceops.adapters.local.tasks import Task, TaskState
from scienceops.config import Settings, child_environment
from scienceops.core.images import is_reference
from scienceops.core.names import plain_name
from scienceops.errors import BadInput
from scienceops.ports.job_launcher import JobOrder, JobState, JobStatus


class SubprocessJobLauncher:
    """JobLauncher with processes; everything known of a job lies in its folder under home/jobs."""

    def __init__(self, home: Path, settings: Settings) -> None:
        self._home = home
        self._settings = settings
        self._environments = Environments(home)

    def start(self, order: JobOrder) -> str:
        """Begin the job under its key."""
        job_id = plain_name(order.key)
        if is_reference(order.image):
            # Not for a machine without an engine to load.
            from scienceops.adapters.engine.programs import job_command

            command = job_command(order, self._settings)
            environment = child_environment(self._settings, {})
            environment["PYTHONPATH"] = import_path(self._home, environment.get("PYTHONPATH", ""))
        else:
            arguments = ["-m", order.module, *order.arguments]
            environment = child_environment(self._settings, order.settings)
            inherited = environment.get("PYTHONPATH", "")
            try:
                found = self._environments.command(order.image, arguments, inherited)
            except BadInput as error:
                self._task(job_id).refuse(f"the job cannot be started: {error}")
                return job_id
            command, environment["PYTHONPATH"] = found
        self._task(job_id).start(command, order.timeout_seconds, environment)
        return job_id

    def status(self, job_id: str) -> JobStatus:
        """How it stands."""
        task = self._task(job_id)
        found = task.outcome()
        # A job that nobody knows will never succeed, so whoever waits for it is told.
        unknown = found.state is TaskState.UNKNOWN
        state = JobState.FAILED if unknown else JobState(found.state.value)
        return JobStatus(state, found.reason, task.log_tail())

    def cancel(self, job_id: str) -> None:
        """End it."""
        self._task(job_id).cancel()

    def log(self, job_id: str) -> str:
        """Its output so far."""
        return self._task(job_id).log()

    def _task(self, job_id: str) -> Task:
        return Task(self._home / "jobs" / plain_name(job_id))
