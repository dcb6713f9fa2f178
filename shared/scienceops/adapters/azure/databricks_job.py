"""Databricks jobs: one-time runs, each on a cluster of its own that ends with it."""

import hashlib
import math
from typing import TYPE_CHECKING

from databricks.sdk.errors import (
    BadRequest,
    InvalidParameterValue,
    NotFound,
    PermissionDenied,
    ResourceDoesNotExist,
)
from databricks.sdk.service import compute, jobs

from scienceops.adapters.azure.sdk_errors import StartRefused
from scienceops.config import PREFIX, Settings
from scienceops.ports.job_launcher import JobOrder

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

#: The entry point of the wheel that runs a job; see pyproject.toml.
PACKAGE, ENTRY_POINT = "scienceops", "scienceops-job"
#: What a job needs beside the wheel and what it depends on.
PACKAGES = (
    "azure-data-tables>=12.5",
    "azure-identity>=1.19",
    "azure-keyvault-secrets>=4.9",
    "azure-mgmt-appcontainers>=5.1",
    "azure-mgmt-containerregistrytasks==1.0.0b1",
    "azure-storage-blob>=12.24",
    "azure-storage-queue>=12.12",
    "mssql-python>=1.0",
    "pyodbc>=5.2",
)
#: A cluster takes minutes to come up; the job's own time begins after that.
GRACE_SECONDS = 1200
OWN_IDENTITY = f"{PREFIX}AZURE_IDENTITY"

_GONE = (NotFound, ResourceDoesNotExist, InvalidParameterValue)


class DatabricksJobs:
    """Runs jobs on Databricks; the same job id is the same run, by its idempotency token."""

    def __init__(self, client: "WorkspaceClient", settings: Settings) -> None:
        self._client = client
        self._settings = settings

    def start(self, job_id: str, order: JobOrder, environment: dict[str, str]) -> str:
        """Begin the run; its id."""
        try:
            submitted = self._client.jobs.submit(
                run_name=f"scienceops {job_id}",
                # At most 64 characters, and good for the life of the workspace.
                idempotency_token=hashlib.sha256(job_id.encode()).hexdigest(),
                timeout_seconds=math.ceil(order.timeout_seconds) + GRACE_SECONDS,
                tasks=[describe_task(job_id, order, self._settings, environment)],
            )
        except (BadRequest, PermissionDenied, NotFound) as error:
            raise StartRefused(str(error)) from error
        return str(submitted.bind()["run_id"])

    def verdict(self, run_id: str) -> tuple[bool, str]:
        """(whether it runs, what the platform says of its end)."""
        try:
            state = self._client.jobs.get_run(int(run_id)).state
        except _GONE:
            return False, "Databricks knows of no such run"
        if state is None or (state.result_state is None and not _is_over(state)):
            return True, ""
        ended = state.result_state or state.life_cycle_state
        said = f": {state.state_message}" if state.state_message else ""
        return False, f"Databricks says {ended.value if ended else 'nothing'}{said}"

    def cancel(self, run_id: str) -> None:
        """End the run; one that has ended stays as it is."""
        try:
            self._client.jobs.cancel_run(int(run_id))
        except _GONE:
            return


def describe_task(
    job_id: str, order: JobOrder, settings: Settings, environment: dict[str, str]
) -> jobs.SubmitTask:
    """What Databricks is told of a job."""
    azure = settings.azure
    words = [job_id, f"{order.timeout_seconds:g}", order.module, *order.arguments]
    wanted = [compute.PythonPyPiLibrary(package=line) for line in PACKAGES]
    return jobs.SubmitTask(
        task_key="job",
        new_cluster=describe_cluster(settings, environment),
        python_wheel_task=jobs.PythonWheelTask(
            package_name=PACKAGE, entry_point=ENTRY_POINT, parameters=words
        ),
        libraries=[
            compute.Library(whl=azure.databricks_wheel),
            *(compute.Library(pypi=line) for line in wanted),
        ],
    )


def describe_cluster(settings: Settings, environment: dict[str, str]) -> compute.ClusterSpec:
    """A cluster for one run; the policy adds what is not said here, credentials above all."""
    azure = settings.azure
    single = azure.databricks_workers == 0
    return compute.ClusterSpec(
        spark_version=azure.databricks_runtime,
        node_type_id=azure.databricks_node,
        policy_id=azure.databricks_policy or None,
        apply_policy_default_values=True,
        autoscale=None
        if single
        else compute.AutoScale(min_workers=1, max_workers=azure.databricks_workers),
        num_workers=0 if single else None,
        is_single_node=single,
        # Databricks knows this security mode, as it knows single nodes, of such clusters alone.
        kind=compute.Kind.CLASSIC_PREVIEW,
        data_security_mode=compute.DataSecurityMode.DATA_SECURITY_MODE_DEDICATED,
        # A cluster has no managed identity: the policy's variables name a service principal.
        spark_env_vars={k: v for k, v in environment.items() if k != OWN_IDENTITY},
    )


def _is_over(state: jobs.RunState) -> bool:
    over = (
        jobs.RunLifeCycleState.TERMINATED,
        jobs.RunLifeCycleState.SKIPPED,
        jobs.RunLifeCycleState.INTERNAL_ERROR,
    )
    return state.life_cycle_state in over
