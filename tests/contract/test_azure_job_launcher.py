"""AzureJobLauncher keeps the promises of the launcher in both its places, over stand-ins for them.

Azurite is the bucket in which a job tells of itself.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from contract.job_launcher import LIMIT_SECONDS, JobLauncherContract
from contract.waiting import wait_for
from emulators.container_jobs import ContainerJobs, blueprint
from emulators.containers import Image
from emulators.databricks import Databricks, databricks_app
from emulators.resource_manager import RESOURCE_GROUP, SUBSCRIPTION, serving, serving_app

from scienceops.adapters.azure.clients import open_container
from scienceops.adapters.azure.container_job import job_name
from scienceops.adapters.azure.job_launcher import AzureJobLauncher, connect_jobs
from scienceops.azure_settings import AzureSettings
from scienceops.config import Settings
from scienceops.ports.job_launcher import JobOrder, JobState

IMAGE = "registry.azurecr.io/scienceops@sha256:" + "a" * 64


@pytest.fixture
def container_jobs(tmp_path: Path) -> Iterator[ContainerJobs]:
    jobs = ContainerJobs(tmp_path / "azure", lambda _: Image([]))
    yield jobs
    jobs.end()


@pytest.fixture
def databricks(tmp_path: Path) -> Iterator[Databricks]:
    databricks = Databricks(tmp_path / "databricks")
    yield databricks
    databricks.end()


@pytest.fixture
def settings(
    azure_settings: AzureSettings, container_jobs: ContainerJobs, databricks: Databricks
) -> Iterator[Settings]:
    with ExitStack() as stack:
        azure = azure_settings.model_copy(
            update={
                "subscription": SUBSCRIPTION,
                "resource_group": RESOURCE_GROUP,
                "location": "westeurope",
                "app_environment": "apps",
                "container_identity": "scorers",
                "job_identity": "own",
                "management": stack.enter_context(serving(blueprint(container_jobs))),
                "databricks_host": stack.enter_context(serving_app(databricks_app(databricks))),
                "databricks_wheel": "/Volumes/main/scienceops/scienceops-0.1.0-py3-none-any.whl",
                "databricks_policy": "policy-1",
            }
        )
        yield Settings(cloud="azure", images="registry.azurecr.io/scienceops", azure=azure)


class LauncherContract(JobLauncherContract):
    patience_seconds = 60.0
    image = ""

    @pytest.fixture
    def jobs(self, settings: Settings) -> AzureJobLauncher:
        return connect_jobs(settings)

    @pytest.fixture
    def order(self) -> Callable[..., JobOrder]:
        def make(key: str, *arguments: str, **fields: Any) -> JobOrder:
            fields = {"timeout_seconds": LIMIT_SECONDS, "image": self.image, **fields}
            return JobOrder(key, "contract.stand_in_job", arguments, **fields)

        return make

    def test_a_job_that_is_killed_has_failed_by_the_platforms_word(
        self,
        jobs: AzureJobLauncher,
        order: Callable[..., JobOrder],
        container_jobs: ContainerJobs,
        databricks: Databricks,
    ) -> None:
        job_id = jobs.start(order("run-1", "sleep"))
        runs = [run for found in container_jobs.executions.values() for run in found.values()]
        [run] = [*runs, *databricks.runs.values()]
        wait_for(lambda: "sleeping" in run.container.log)
        run.container.stop(0)
        status = self.end_of(jobs, job_id)
        assert status.state is JobState.FAILED
        assert "ended without a word" in status.reason

    def test_a_launcher_that_died_before_it_wrote_down_the_job_begins_it_once(
        self,
        jobs: AzureJobLauncher,
        order: Callable[..., JobOrder],
        container_jobs: ContainerJobs,
        databricks: Databricks,
        azure_settings: AzureSettings,
    ) -> None:
        first = jobs.start(order("run-1", "say", "once"))
        open_container(azure_settings).delete_blob("jobs/run-1/run.json")
        assert jobs.start(order("run-1", "say", "once")) == first
        begun = sum(len(found) for found in container_jobs.executions.values())
        assert begun + len(databricks.runs) == 1


class TestContainerAppsJobs(LauncherContract):
    image = IMAGE

    @pytest.fixture
    def refused(
        self, settings: Settings, order: Callable[..., JobOrder]
    ) -> tuple[AzureJobLauncher, JobOrder, str]:
        azure = settings.azure.model_copy(update={"resource_group": "another"})
        jobs = connect_jobs(settings.model_copy(update={"azure": azure}))
        return jobs, order("run-1", "say"), "NOT FOUND"

    def test_its_identity_reaches_the_job(
        self, settings: Settings, order: Callable[..., JobOrder]
    ) -> None:
        changes = {"container_identity_client": ""}
        azure = settings.azure.model_copy(update=changes)
        jobs = connect_jobs(settings.model_copy(update={"azure": azure}))
        name = "SCIENCEOPS_AZURE_CONTAINER"
        status = self.run(jobs, order("run-1", "say-setting", name))
        assert status.log_tail[-1] == f"{name}={settings.azure.container}"

    def test_one_that_is_cancelled_before_azure_lists_its_run_is_ended(
        self,
        jobs: AzureJobLauncher,
        order: Callable[..., JobOrder],
        container_jobs: ContainerJobs,
    ) -> None:
        container_jobs.untold = "runs"
        job_id = jobs.start(order("train-1", "sleep"))
        [run] = container_jobs.executions[job_name(job_id)].values()
        wait_for(lambda: "sleeping" in run.container.log)
        jobs.cancel(job_id)
        assert self.end_of(jobs, job_id).state is JobState.CANCELLED
        wait_for(lambda: not run.container.is_running)

    def test_one_that_is_begun_again_while_azure_does_not_list_its_run_is_done_once(
        self,
        jobs: AzureJobLauncher,
        order: Callable[..., JobOrder],
        container_jobs: ContainerJobs,
        azure_settings: AzureSettings,
    ) -> None:
        container_jobs.untold = "runs"
        job_id = jobs.start(order("train-1", "say", "hello"))
        open_container(azure_settings).delete_blob(f"jobs/{job_id}/run.json")
        jobs.start(order("train-1", "say", "hello"))
        runs = container_jobs.executions[job_name(job_id)].values()
        wait_for(lambda: not any(run.container.is_running for run in runs))
        told = sorted("hello" in run.container.log.splitlines() for run in runs)
        assert told == [False, True]
        assert self.end_of(jobs, job_id).state is JobState.SUCCEEDED

    def test_one_that_azure_cannot_make_has_failed_and_says_why(
        self,
        jobs: AzureJobLauncher,
        order: Callable[..., JobOrder],
        container_jobs: ContainerJobs,
    ) -> None:
        container_jobs.becomes = "Failed"
        status = jobs.status(jobs.start(order("train-1")))
        assert status.state is JobState.FAILED
        assert "Container Apps could not make" in status.reason
        assert container_jobs.executions == {}


class TestDatabricksJobs(LauncherContract):
    @pytest.fixture(params=["SCIENCEOPS_AZURE_DATABRICKS_HOST", "SCIENCEOPS_AZURE_JOB_IMAGE"])
    def refused(
        self,
        settings: Settings,
        order: Callable[..., JobOrder],
        request: pytest.FixtureRequest,
    ) -> tuple[AzureJobLauncher, JobOrder, str]:
        azure = settings.azure.model_copy(update={"databricks_host": ""})
        jobs = connect_jobs(settings.model_copy(update={"azure": azure}))
        return jobs, order("run-1", "say"), request.param

    def test_a_cluster_is_made_by_the_policy_and_acts_as_nobody_of_ours(
        self, settings: Settings, order: Callable[..., JobOrder], databricks: Databricks
    ) -> None:
        azure = settings.azure.model_copy(update={"container_identity_client": "scorers"})
        jobs = connect_jobs(settings.model_copy(update={"azure": azure}))
        jobs.start(order("run-1", "say", "hello"))
        [body] = databricks.bodies
        [task] = body["tasks"]
        cluster = task["new_cluster"]
        assert (cluster["policy_id"], cluster["spark_version"]) == ("policy-1", "17.3.x-scala2.13")
        assert "SCIENCEOPS_AZURE_IDENTITY" not in cluster["spark_env_vars"]
        assert task["libraries"][0] == {"whl": settings.azure.databricks_wheel}
        assert body["timeout_seconds"] == LIMIT_SECONDS + 1200


@pytest.mark.parametrize(
    ("engine", "place"), [("inline", "containers"), ("auto", "databricks"), ("spark", "databricks")]
)
def test_small_days_run_in_a_container_where_there_is_an_image_for_them(
    settings: Settings,
    container_jobs: ContainerJobs,
    databricks: Databricks,
    engine: str,
    place: str,
) -> None:
    azure = settings.azure.model_copy(update={"job_image": IMAGE})
    jobs = connect_jobs(settings.model_copy(update={"azure": azure}))
    jobs.start(JobOrder("run-1", "contract.stand_in_job", ("say", "--engine", engine), 60))
    assert bool(container_jobs.executions) is (place == "containers")
    assert bool(databricks.runs) is (place == "databricks")


def test_a_job_that_has_no_use_for_spark_runs_in_a_container_of_ours(
    settings: Settings, container_jobs: ContainerJobs, databricks: Databricks
) -> None:
    azure = settings.azure.model_copy(update={"job_image": IMAGE})
    jobs = connect_jobs(settings.model_copy(update={"azure": azure}))
    jobs.start(JobOrder("compare-iris-1", "contract.stand_in_job", ("say", "hello"), 60))
    assert (len(container_jobs.executions), databricks.runs) == (1, {})


@pytest.mark.parametrize(("image", "name"), [(IMAGE, "scorers"), ("", "own")])
def test_code_of_packages_and_code_of_ours_act_as_two_identities(
    settings: Settings, container_jobs: ContainerJobs, image: str, name: str
) -> None:
    changes = {
        "job_image": IMAGE,
        "container_identity_client": "scorers-client",
        "job_identity_client": "own-client",
    }
    azure = settings.azure.model_copy(update=changes)
    jobs = connect_jobs(settings.model_copy(update={"azure": azure}))
    jobs.start(JobOrder("step-1", "contract.stand_in_job", ("say", "hello"), 60, image=image))
    [body] = container_jobs.jobs.values()
    [identity] = body["identity"]["userAssignedIdentities"]
    assert identity.rpartition("/")[2] == name
    assert body["properties"]["configuration"]["registries"][0]["identity"] == identity
    [spec] = body["properties"]["template"]["containers"]
    given = {item["name"]: item["value"] for item in spec["env"]}
    assert given["SCIENCEOPS_AZURE_IDENTITY"] == f"{name}-client"
