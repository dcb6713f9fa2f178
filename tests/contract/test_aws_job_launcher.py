"""AwsJobLauncher keeps the promises of the launcher, on stand-ins for EMR Serverless and for ECS.

The stand-ins run what spark-submit was given, and the command of a container, here.
"""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from contract.job_launcher import LIMIT_SECONDS, JobLauncherContract
from emulators.account import Account
from emulators.stand_in_image import run_module_image

from scienceops.adapters.aws.clients import LazyClient
from scienceops.adapters.aws.job_launcher import AwsJobLauncher
from scienceops.adapters.aws.object_store import S3ObjectStore
from scienceops.aws_settings import AwsSettings
from scienceops.ports.job_launcher import JobOrder, JobState

MODULE = "contract.stand_in_job"
TESTS = Path(__file__).parents[1]


@pytest.fixture
def store(account: Account, stand_ins: Any) -> S3ObjectStore:
    del stand_ins
    return S3ObjectStore(LazyClient("s3"), account.bucket)


@pytest.fixture
def make(account: Account, store: S3ObjectStore) -> Callable[..., AwsJobLauncher]:
    """Makes a launcher, as each function has its own; `later` by its clock, with these settings."""
    made: AwsSettings = account.settings.aws.model_copy(
        update={
            "roles": "arn:aws:iam::000000000000:role/",
            "subnets": "subnet-1,subnet-2",
            "security_group": "sg-tasks",
            "calling_group": "sg-doors",
            "region": "us-east-1",
            "emr_application": "00application",
        }
    )

    def make_one(later: timedelta = timedelta(), **names: str) -> AwsJobLauncher:
        settings = account.settings.model_copy(update={"aws": made.model_copy(update=names)})
        return AwsJobLauncher(
            settings,
            store,
            ecs=LazyClient("ecs"),
            emr=LazyClient("emr-serverless"),
            logs=LazyClient("logs"),
            clock=lambda: datetime.now(UTC) + later,
        )

    return make_one


def standing_of(stand_ins: Any) -> tuple[str, list[str]]:
    """(role, security groups) of the one task that ran."""
    [task] = stand_ins.ecs.tasks.values()
    role = task.role.rpartition("-")[2]
    return role, task.network["awsvpcConfiguration"]["securityGroups"]


class AwsLauncherContract(JobLauncherContract):
    patience_seconds = 90.0

    @pytest.fixture
    def jobs(self, make: Callable[..., AwsJobLauncher]) -> AwsJobLauncher:
        return make()

    def test_another_function_follows_and_ends_what_one_started(self, make, order) -> None:
        job_id = make().start(order("run-1", "sleep"))
        assert make().status(job_id).state is JobState.RUNNING
        make().cancel(job_id)
        assert self.end_of(make(), job_id).state is JobState.CANCELLED

    @pytest.mark.parametrize("anew", [{}, {"JOB_EXTRA": "changed"}], ids=["same", "set anew"])
    def test_a_start_that_was_not_noted_is_the_same_run_when_repeated(
        self, make, order, store, anew
    ) -> None:
        job_id = make().start(order("run-1", "say", "once"))
        first = store.get(f"jobs/{job_id}/job.json")
        store.delete(f"jobs/{job_id}/job.json")
        make().start(order("run-1", "say", "once", settings=anew))
        assert self.run_of(store.get(f"jobs/{job_id}/job.json")) == self.run_of(first)

    def run_of(self, document: bytes) -> str:
        run: str = json.loads(document)["run"]
        return run

    def test_a_run_that_aws_has_forgotten_has_failed(self, make, order, stand_ins) -> None:
        job_id = make().start(order("run-1", "sleep"))
        self.forget(stand_ins)
        status = self.end_of(make(timedelta(minutes=5)), job_id)
        assert status.state is JobState.FAILED
        assert "not known" in status.reason

    def test_a_run_that_aws_does_not_show_yet_goes_on(self, make, order, stand_ins) -> None:
        job_id = make().start(order("run-1", "sleep"))
        # Source: AWS, RunTask: what was begun "might not be immediately visible".
        self.forget(stand_ins)
        assert make().status(job_id).state is JobState.RUNNING

    def forget(self, stand_ins: Any) -> None:
        raise NotImplementedError


class TestOnEmr(AwsLauncherContract):
    @pytest.fixture
    def order(self, store: S3ObjectStore) -> Callable[..., JobOrder]:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("contract/__init__.py", "")
            archive.write(TESTS / "contract/stand_in_job.py", "contract/stand_in_job.py")
        store.put("jobs/platform/on_emr.py", TESTS.parent / "stats_job/on_emr.py")
        store.put("jobs/platform/scienceops.zip", packed.getvalue())
        store.put("jobs/platform/environment.tar.gz", b"the stand-in brings its own")

        def make_order(key: str, *arguments: str, **more: Any) -> JobOrder:
            return JobOrder(key, MODULE, arguments, **{"timeout_seconds": LIMIT_SECONDS, **more})

        return make_order

    @pytest.fixture
    def refused(
        self, make: Callable[..., AwsJobLauncher], order: Callable[..., JobOrder]
    ) -> tuple[AwsJobLauncher, JobOrder, str]:
        return make(emr_application=""), order("run-1", "say"), "SCIENCEOPS_AWS_EMR_APPLICATION"

    def forget(self, stand_ins: Any) -> None:
        stand_ins.emr.stop()
        stand_ins.emr.runs.clear()

    def test_a_missing_file_of_the_deployment_fails_the_job(self, jobs, order, store) -> None:
        store.delete("jobs/platform/environment.tar.gz")
        status = self.run(jobs, order("run-1", "say", "hello"))
        assert status.state is JobState.FAILED
        assert "Could not fetch a file" in status.reason

    def test_driver_and_executors_are_told_the_same_settings(
        self, jobs, order, account, stand_ins
    ) -> None:
        self.run(jobs, order("run-1", "say", "hello", settings={"JOB_EXTRA": "two words"}))
        [run] = stand_ins.emr.runs.values()
        told = run.order["jobDriver"]["sparkSubmit"]["sparkSubmitParameters"]
        for place in ("spark.emr-serverless.driverEnv", "spark.executorEnv"):
            assert f"{place}.SCIENCEOPS_AWS_BUCKET={account.bucket}" in told
            assert f"'{place}.JOB_EXTRA=two words'" in told
            # The stand-in tells no region that boto3 finds, as EMR tells none to another Python.
            assert f"{place}.AWS_DEFAULT_REGION=us-east-1" in told
        assert "--conf spark.archives=s3://" in told

    def test_a_shell_that_knows_no_application_follows_and_ends_a_run(
        self, jobs, order, account, store
    ) -> None:
        job_id = jobs.start(order("run-1", "sleep"))
        shell = AwsJobLauncher(
            account.settings,
            store,
            ecs=None,
            emr=LazyClient("emr-serverless"),
            logs=None,
        )
        assert shell.status(job_id).state is JobState.RUNNING
        shell.cancel(job_id)
        assert self.end_of(shell, job_id).state is JobState.CANCELLED


class TestOnEcs(AwsLauncherContract):
    @pytest.fixture
    def order(self, stand_ins: Any) -> Callable[..., JobOrder]:
        image = run_module_image(stand_ins.registry)

        def make_order(key: str, *arguments: str, **more: Any) -> JobOrder:
            given = {"timeout_seconds": LIMIT_SECONDS, "image": image, **more}
            return JobOrder(key, MODULE, arguments, **given)

        return make_order

    @pytest.fixture
    def refused(
        self, make: Callable[..., AwsJobLauncher], order: Callable[..., JobOrder]
    ) -> tuple[AwsJobLauncher, JobOrder, str]:
        return make(subnets=""), order("run-1", "say"), "SCIENCEOPS_AWS_SUBNETS"

    def forget(self, stand_ins: Any) -> None:
        stand_ins.ecs.stop()
        stand_ins.ecs.tasks.clear()

    def test_jobs_in_one_image_share_a_task_definition(self, jobs, order, stand_ins) -> None:
        for key in ("run-1", "run-2"):
            self.run(jobs, order(key, "say", key))
        assert len({t.facts["taskDefinitionArn"] for t in stand_ins.ecs.tasks.values()}) == 1

    def test_it_may_not_call_scorers(self, jobs, order, stand_ins) -> None:
        self.run(jobs, order("run-1", "say", "hello"))
        assert standing_of(stand_ins) == ("training", ["sg-tasks"])


class TestCallingScorers(AwsLauncherContract):
    """Where the platform's own job runs that EMR Serverless would keep from scorers."""

    @pytest.fixture
    def order(self, stand_ins: Any) -> Callable[..., JobOrder]:
        image = run_module_image(stand_ins.registry)

        def make_order(key: str, *arguments: str, **more: Any) -> JobOrder:
            given = {"timeout_seconds": LIMIT_SECONDS, "calling_image": image, **more}
            return JobOrder(key, MODULE, arguments, **given)

        return make_order

    @pytest.fixture
    def refused(
        self, make: Callable[..., AwsJobLauncher], order: Callable[..., JobOrder]
    ) -> tuple[AwsJobLauncher, JobOrder, str]:
        return make(calling_group=""), order("run-1", "say"), "SCIENCEOPS_AWS_CALLING_GROUP"

    def forget(self, stand_ins: Any) -> None:
        stand_ins.ecs.stop()
        stand_ins.ecs.tasks.clear()

    def test_it_has_a_role_of_its_own_and_stands_among_those_that_tasks_let_in(
        self, jobs, order, stand_ins
    ) -> None:
        self.run(jobs, order("run-1", "say", "hello"))
        assert standing_of(stand_ins) == ("comparison", ["sg-doors"])
        assert not stand_ins.emr.runs
