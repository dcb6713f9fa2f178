"""Container jobs: a job of Container Apps for each job of ours, run once."""

import hashlib
import math
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.mgmt.appcontainers import models

from scienceops.adapters.azure.container_app import (
    Place,
    as_variables,
    resources_of,
)
from scienceops.adapters.azure.sdk_errors import StartRefused, refusals
from scienceops.config import Settings
from scienceops.errors import Unavailable
from scienceops.ports.job_launcher import JobOrder

if TYPE_CHECKING:
    from azure.mgmt.appcontainers import ContainerAppsAPIClient

PROGRAM = "scienceops.adapters.azure.run_job"
#: The job ends itself when its time is over; this is how much later the platform does.
GRACE_SECONDS = 120
#: Azure keeps what a job was made of until it is deleted; how it ended is in the bucket.
KEPT = timedelta(days=2)

#: How long Azure is given to make a job of what it is told; it takes some seconds.
MAKING_SECONDS = 120
#: A start is accepted before it is carried out: so long after its making a job may have no run yet,
#: or one of which Azure knows no state, and be under way all the same.
UNTOLD = timedelta(minutes=10)

_LOOK_SECONDS = 1.0
_NEVER = (models.JobProvisioningState.FAILED, models.JobProvisioningState.CANCELED)
_TAG = "scienceops-job"
_BUSY = (models.JobExecutionRunningState.RUNNING, models.JobExecutionRunningState.PROCESSING)
_UNTOLD = (models.JobExecutionRunningState.UNKNOWN, None)


class ContainerJobs:
    """Runs jobs in images. Of two executions of a job the later has nothing to do: see run_job."""

    def __init__(self, client: "ContainerAppsAPIClient", settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._place = Place.of(settings)

    def start(self, job_id: str, order: JobOrder, environment: dict[str, str]) -> str:
        """Begin the job; the name by which it is known here."""
        name = job_name(job_id)
        group = self._place.resource_group
        is_new = False
        with refusals():
            try:
                self._client.jobs.get(group, name)
            except ResourceNotFoundError:
                is_new = True
                job = describe_job(job_id, order, self._settings, environment)
                with suppress(ResourceExistsError):
                    # A conflict: another worker's making of it is under way.
                    self._client.jobs.begin_create_or_update(group, name, job, polling=False)
            self._wait_for(name)
            if not self._executions(name):
                try:
                    self._client.jobs.begin_start(group, name, polling=False)
                except ResourceNotFoundError as error:
                    # As in _wait_for; it was found a moment ago.
                    raise Unavailable(f"Container Apps does not find {name} yet") from error
        if is_new:
            self._tidy()
        return name

    def verdict(self, name: str) -> tuple[bool, str]:
        """(whether it runs, what the platform says of its end)."""
        executions = self._executions(name)
        states = [found.properties.status for found in executions if found.properties]
        if any(state in _BUSY for state in states):
            return True, ""
        if all(state in _UNTOLD for state in states) and self._is_new(name):
            return True, ""
        told = ", ".join(str(getattr(state, "value", state)) for state in states)
        return False, f"Container Apps says {told}" if told else "Container Apps knows of no run"

    def cancel(self, name: str) -> None:
        """End what runs of it."""
        for found in self._executions(name):
            if found.properties and found.properties.status in _BUSY:
                try:
                    self._client.jobs.begin_stop_execution(
                        self._place.resource_group, name, str(found.name), polling=False
                    )
                except (ResourceNotFoundError, ResourceExistsError):
                    continue

    def _wait_for(self, name: str) -> None:
        """Until the job can be begun; raises StartRefused where it never can, and Unavailable.

        It is asked itself: where Azure tells of what it is doing lies beside the resource group,
        in which all roles of the platform end.
        """
        end = time.monotonic() + MAKING_SECONDS
        while True:
            try:
                state = self._client.jobs.get(self._place.resource_group, name).provisioning_state
            except ResourceNotFoundError:
                # It was asked for; Resource Manager may not find at once what it has accepted.
                # Source: hashicorp/go-azure-sdk, issue 740; Azure/azure-dev, issue 8064.
                state = None
            if state == models.JobProvisioningState.SUCCEEDED:
                return
            if state in _NEVER:
                raise StartRefused(f"Container Apps could not make {name}: it is {state}")
            if time.monotonic() > end:
                raise Unavailable(f"Container Apps has not made {name} in {MAKING_SECONDS} s")
            time.sleep(_LOOK_SECONDS)

    def _is_new(self, name: str) -> bool:
        """Whether Azure may not have told yet of the run that it was asked for."""
        try:
            job = self._client.jobs.get(self._place.resource_group, name)
        except ResourceNotFoundError:
            return False
        made = job.system_data.created_at if job.system_data else None
        return made is not None and datetime.now(UTC) - made < UNTOLD

    def _executions(self, name: str) -> list[models.JobExecution]:
        try:
            return list(self._client.jobs_executions.list(self._place.resource_group, name))
        except ResourceNotFoundError:
            return []

    def _tidy(self) -> None:
        """Delete what jobs that ended long ago were made of."""
        group, old = self._place.resource_group, datetime.now(UTC) - KEPT
        for job in self._client.jobs.list_by_resource_group(group):
            made = job.system_data.created_at if job.system_data else None
            if job.tags and _TAG in job.tags and made and made < old:
                # One that is being deleted already is refused; the job that was begun is not it.
                with suppress(ResourceNotFoundError, ResourceExistsError):
                    self._client.jobs.begin_delete(group, str(job.name), polling=False)


def job_name(job_id: str) -> str:
    """The name of a job in Container Apps: lower case, 32 characters at most.

    >>> job_name("train-iris-3")
    'job-6a84afcc35d335c36556'
    """
    return f"job-{hashlib.sha256(job_id.encode()).hexdigest()[:20]}"


def describe_job(
    job_id: str, order: JobOrder, settings: Settings, environment: dict[str, str]
) -> models.Job:
    """What Container Apps is told of a job."""
    place = Place.of(settings, own=not order.image)
    words = [job_id, f"{order.timeout_seconds:g}", order.module, *order.arguments]
    return models.Job(
        location=place.location,
        tags={_TAG: job_id},
        identity=place.as_identity,
        properties=models.JobProperties(
            environment_id=place.environment_id,
            configuration=models.JobConfiguration(
                trigger_type=models.TriggerType.MANUAL,
                replica_timeout=math.ceil(order.timeout_seconds) + GRACE_SECONDS,
                replica_retry_limit=0,
                manual_trigger_config=models.JobConfigurationManualTriggerConfig(
                    parallelism=1, replica_completion_count=1
                ),
                registries=[place.as_registry],
            ),
            template=models.JobTemplate(
                containers=[
                    models.Container(
                        name="job",
                        image=order.image or settings.azure.job_image,
                        command=["python", "-m", PROGRAM],
                        args=words,
                        env=as_variables(environment),
                        resources=resources_of(settings),
                    )
                ]
            ),
        ),
    )
