"""AzureJobLauncher: jobs of a version in its image, statistics where there is Spark.

What is known of a job lies in the bucket: jobs/ID/run.json says where it runs, the job itself
tells the rest (see run_job.py), and jobs/ID/cancelled.json that nobody wants it any more. Of a
job that could not be begun there is jobs/ID/ended.json alone.
"""

import contextlib
import json
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol, cast

from scienceops.adapters.azure.container_app import bucket_settings
from scienceops.adapters.azure.run_job import CANCELLED, ENDED, LOG
from scienceops.adapters.azure.sdk_errors import StartRefused
from scienceops.config import PREFIX, Settings
from scienceops.core.names import job_key, plain_name
from scienceops.errors import ObjectExists, ObjectNotFound
from scienceops.ports.job_launcher import JobOrder, JobState, JobStatus
from scienceops.ports.object_store import ObjectStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RUN = "run.json"
TAIL_LINES = 20

_CONTAINERS, _DATABRICKS = "containers", "databricks"
#: What statistics say among their arguments; other jobs of ours have no use for Spark.
_ENGINE, _INLINE = "--engine", ("--engine", "inline")


class Jobs(Protocol):
    """A place where jobs run."""

    def start(self, job_id: str, order: JobOrder, environment: dict[str, str]) -> str:
        """Begin it, once for each id; what it is known by there. May raise StartRefused."""
        ...

    def verdict(self, handle: str) -> tuple[bool, str]:
        """(whether it runs, what the place says of its end)."""
        ...

    def cancel(self, handle: str) -> None:
        """End it."""
        ...


class AzureJobLauncher:
    """JobLauncher on Container Apps and Databricks. places: by name, those that there are."""

    def __init__(
        self, objects: ObjectStore, places: "Mapping[str, Jobs]", settings: Settings
    ) -> None:
        self._objects = objects
        self._places = places
        self._settings = settings

    def start(self, order: JobOrder) -> str:
        """Begin the job, and write down where."""
        job_id = plain_name(order.key)
        if self._read(job_id, RUN) or self._read(job_id, ENDED):
            return job_id
        environment = {**settings_of(order, self._settings), **order.settings}
        try:
            name = self._place_of(order)
            handle = self._places[name].start(job_id, order, environment)
        except StartRefused as error:
            reason = f"the job cannot be started: {error}"
            self._write_once(job_id, ENDED, {"state": JobState.FAILED, "reason": reason})
            return job_id
        self._write_once(job_id, RUN, {"place": name, "handle": handle})
        return job_id

    def status(self, job_id: str) -> JobStatus:
        """How it stands: by its own word, else by the platform's."""
        run = self._read(job_id, RUN)
        runs, said = self._places[run["place"]].verdict(run["handle"]) if run else (False, "")
        # Read after the platform was asked: what ended in between has told by now.
        ended, tail = self._read(job_id, ENDED), self._tail(job_id)
        if ended is not None:
            return JobStatus(JobState(ended["state"]), ended["reason"], tail)
        if run is None:
            return JobStatus(JobState.FAILED, f"no job {job_id!r} was ever started")
        if runs:
            return JobStatus(JobState.RUNNING, log_tail=tail)
        if self._read(job_id, CANCELLED) is not None:
            return JobStatus(JobState.CANCELLED, log_tail=tail)
        return JobStatus(JobState.FAILED, f"the job ended without a word ({said})", tail)

    def cancel(self, job_id: str) -> None:
        """Write down that it is not wanted, and end it."""
        run = self._read(job_id, RUN)
        if run is None or self._read(job_id, ENDED) is not None:
            return
        self._objects.put(job_key(job_id, CANCELLED), b"{}")
        self._places[run["place"]].cancel(run["handle"])

    def log(self, job_id: str) -> str:
        """What it has told so far."""
        try:
            return self._objects.get(job_key(plain_name(job_id), LOG)).decode()
        except ObjectNotFound:
            return ""

    def _place_of(self, order: JobOrder) -> str:
        """Where it runs: in its image; without one where Spark is, if it has a use for it."""
        azure = self._settings.azure
        words = order.arguments
        spark = _ENGINE in words and _INLINE not in pairwise(words)
        if order.image or (azure.job_image and not (spark and _DATABRICKS in self._places)):
            return _CONTAINERS
        if _DATABRICKS in self._places:
            return _DATABRICKS
        raise StartRefused(
            "jobs of the platform have no place to run: set SCIENCEOPS_AZURE_DATABRICKS_HOST, "
            "or SCIENCEOPS_AZURE_JOB_IMAGE for days that need no Spark"
        )

    def _tail(self, job_id: str) -> tuple[str, ...]:
        return tuple(self.log(job_id).splitlines()[-TAIL_LINES:])

    def _read(self, job_id: str, name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads(self._objects.get(job_key(plain_name(job_id), name)))
        except ObjectNotFound:
            return None
        return found

    def _write_once(self, job_id: str, name: str, document: "Mapping[str, str]") -> None:
        data = json.dumps(document).encode()
        with contextlib.suppress(ObjectExists):
            self._objects.put(job_key(job_id, name), data, if_absent=True)


def settings_of(order: JobOrder, settings: Settings) -> dict[str, str]:
    """What a job goes by: the bucket; the platform's own ones by all that the platform does."""
    if order.image:
        return bucket_settings(settings)
    # Its ScienceOps is as new as ours, so it knows every setting; its home is another one.
    own = {k: v for k, v in settings.as_environment.items() if v and k != f"{PREFIX}HOME"}
    return {**own, **bucket_settings(settings, own=True)}


def connect_jobs(settings: Settings) -> AzureJobLauncher:
    """The launcher that the settings name."""
    from scienceops.adapters.azure import connect_objects
    from scienceops.adapters.azure.container_job import ContainerJobs
    from scienceops.adapters.azure.management import open_apps

    places: dict[str, Jobs] = {_CONTAINERS: ContainerJobs(open_apps(settings.azure), settings)}
    if settings.azure.databricks_host:
        places[_DATABRICKS] = cast("Jobs", _Opened(lambda: _open_databricks(settings)))
    return AzureJobLauncher(connect_objects(settings), places, settings)


class _Opened:
    """A place that is opened when it is first used: the SDK of Databricks takes seconds to load and
    asks the workspace who it is, for which no caller of a scorer should wait."""

    def __init__(self, open_it: "Callable[[], Jobs]") -> None:
        self._open = cache(open_it)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._open(), name)


def _open_databricks(settings: Settings) -> Jobs:
    from scienceops.adapters.azure.databricks_job import DatabricksJobs
    from scienceops.adapters.azure.management import open_workspace

    return DatabricksJobs(open_workspace(settings.azure), settings)
