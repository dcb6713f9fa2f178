"""What Container Apps tells of a job late is no end of it: the start of a run is accepted first."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from emulators import container_jobs as azure
from emulators.containers import Image
from emulators.resource_manager import RESOURCE_GROUP, SUBSCRIPTION, serving

from scienceops.adapters.azure.container_job import KEPT, UNTOLD, ContainerJobs, job_name
from scienceops.adapters.azure.management import open_apps
from scienceops.azure_settings import AzureSettings
from scienceops.config import Settings
from scienceops.errors import Unavailable
from scienceops.ports.job_launcher import JobOrder

IMAGE = "registry.azurecr.io/scienceops@sha256:" + "a" * 64
ORDER = JobOrder("run-1", "json.tool", ("--help",), 60, image=IMAGE)


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[azure.ContainerJobs]:
    jobs = azure.ContainerJobs(tmp_path / "azure", lambda _: Image([]))
    yield jobs
    jobs.end()


@pytest.fixture
def jobs(stand_in: azure.ContainerJobs) -> Iterator[ContainerJobs]:
    with serving(azure.blueprint(stand_in)) as address:
        settings = AzureSettings(
            subscription=SUBSCRIPTION, resource_group=RESOURCE_GROUP, management=address
        )
        yield ContainerJobs(open_apps(settings), Settings(cloud="azure", azure=settings))


@pytest.mark.parametrize("untold", ["runs", "states"])
def test_a_run_of_which_azure_tells_nothing_yet_is_under_way(
    jobs: ContainerJobs, stand_in: azure.ContainerJobs, untold: azure.Untold
) -> None:
    stand_in.untold = untold
    name = jobs.start("run-1", ORDER, {})
    assert jobs.verdict(name) == (True, "")


def test_a_job_that_azure_has_accepted_and_does_not_find_yet_is_waited_for(
    jobs: ContainerJobs, stand_in: azure.ContainerJobs
) -> None:
    stand_in.unseen = 1
    name = jobs.start("run-1", ORDER, {})
    assert len(stand_in.executions[name]) == 1


def test_a_job_whose_start_does_not_find_it_is_begun_the_next_time(
    jobs: ContainerJobs, stand_in: azure.ContainerJobs
) -> None:
    stand_in.unstarted = 1
    with pytest.raises(Unavailable, match="does not find job-"):
        jobs.start("run-1", ORDER, {})
    name = jobs.start("run-1", ORDER, {})
    assert len(stand_in.executions[name]) == 1


@pytest.mark.parametrize(("untold", "said"), [("runs", "knows of no run"), ("states", "Unknown")])
def test_one_of_which_nothing_is_told_for_long_is_not(
    jobs: ContainerJobs, stand_in: azure.ContainerJobs, untold: azure.Untold, said: str
) -> None:
    stand_in.untold = untold
    name = jobs.start("run-1", ORDER, {})
    stand_in.made[name] -= UNTOLD + timedelta(seconds=1)
    runs, why = jobs.verdict(name)
    assert not runs
    assert said in why


def test_a_job_that_was_never_made_does_not_run(jobs: ContainerJobs) -> None:
    assert jobs.verdict(job_name("run-2")) == (False, "Container Apps knows of no run")


def test_old_jobs_go_when_a_new_one_begins_and_hold_up_none_while_they_do(
    jobs: ContainerJobs, stand_in: azure.ContainerJobs
) -> None:
    old = jobs.start("run-1", ORDER, {})
    stand_in.made[old] -= KEPT + timedelta(hours=1)
    jobs.start("run-2", ORDER, {})
    assert stand_in.going == {old}
    jobs.start("run-3", ORDER, {})
    assert len(stand_in.executions) == 3
