"""What every JobLauncher promises. Inherit it, give `jobs`, `order` and `refused`."""

from collections.abc import Callable
from typing import Any

import pytest
from contract.waiting import wait_for

from scienceops.ports.job_launcher import JobLauncher, JobOrder, JobState, JobStatus

#: Of a job that is not about its limit: more than several jobs at once take on any machine.
LIMIT_SECONDS = 600


class JobLauncherContract:
    #: How long the platform may take to run a job that does nothing.
    patience_seconds = 30.0

    @pytest.fixture
    def jobs(self) -> JobLauncher:
        raise NotImplementedError

    @pytest.fixture
    def order(self) -> Callable[..., JobOrder]:
        """Makes the order that runs the stand-in job: order(key, *arguments, **fields)."""
        raise NotImplementedError

    @pytest.fixture
    def refused(self) -> tuple[JobLauncher, JobOrder, str]:
        """A launcher, an order that its platform refuses to begin, and a word of the reason."""
        raise NotImplementedError

    def end_of(self, jobs: JobLauncher, job_id: str) -> JobStatus:
        return wait_for(
            lambda: jobs.status(job_id),
            lambda status: status.state is not JobState.RUNNING,
            seconds=self.patience_seconds,
        )

    def run(self, jobs: JobLauncher, order: JobOrder) -> JobStatus:
        return self.end_of(jobs, jobs.start(order))

    def test_a_job_that_ends_well_has_succeeded_and_has_a_log(
        self, jobs: JobLauncher, order: Callable[..., JobOrder]
    ) -> None:
        job_id = jobs.start(order("run-1", "say", "hello"))
        status = self.end_of(jobs, job_id)
        assert (status.state, status.reason) == (JobState.SUCCEEDED, "")
        assert status.log_tail[-1] == "hello"
        assert "hello" in jobs.log(job_id)

    def test_a_job_that_ends_badly_has_failed_with_the_reason(
        self, jobs: JobLauncher, order: Callable[..., JobOrder]
    ) -> None:
        status = self.run(jobs, order("run-1", "fail", "3"))
        assert status.state is JobState.FAILED
        assert "exit code 3" in status.reason
        assert "it went wrong" in status.log_tail

    def test_the_tail_is_the_last_twenty_lines_and_the_log_all_of_them(
        self, jobs: JobLauncher, order: Callable[..., JobOrder]
    ) -> None:
        job_id = jobs.start(order("run-1", "say-lines", "30"))
        status = self.end_of(jobs, job_id)
        assert status.log_tail == tuple(f"line {n}" for n in range(10, 30))
        assert "line 0\n" in jobs.log(job_id)

    def test_the_same_key_is_the_same_job(
        self, jobs: JobLauncher, order: Callable[..., JobOrder]
    ) -> None:
        first = jobs.start(order("run-1", "say", "once"))
        assert jobs.start(order("run-1", "say", "once")) == first
        self.end_of(jobs, first)
        assert jobs.start(order("run-1", "say", "once")) == first
        assert self.end_of(jobs, first).state is JobState.SUCCEEDED
        assert jobs.log(first).count("once") == 1

    def test_another_key_is_another_job(
        self, jobs: JobLauncher, order: Callable[..., JobOrder]
    ) -> None:
        keys = ["run-1", "run-2", "run/1", "run_1", "../run", "run 1"]
        ids = [jobs.start(order(key, "say", key)) for key in keys]
        assert len(set(ids)) == len(keys)
        for key, job_id in zip(keys, ids, strict=True):
            self.end_of(jobs, job_id)
            assert jobs.log(job_id).splitlines()[-1] == key

    @pytest.mark.parametrize("job_id", ["never-started", "..", ""])
    def test_an_unknown_job_has_failed_and_has_no_log(self, jobs: JobLauncher, job_id: str) -> None:
        status = jobs.status(job_id)
        assert status.state is JobState.FAILED
        assert status.reason
        assert jobs.log(job_id) == ""
        jobs.cancel(job_id)

    def test_a_job_that_is_refused_has_failed_with_the_reason_and_stays_so(
        self, refused: tuple[JobLauncher, JobOrder, str]
    ) -> None:
        jobs, order, word = refused
        for _ in range(2):
            job_id = jobs.start(order)
            status = jobs.status(job_id)
            assert status.state is JobState.FAILED
            assert "cannot be started" in status.reason
            assert word in status.reason
        jobs.cancel(job_id)
        assert jobs.status(job_id) == status
        assert jobs.log(job_id) == ""

    def test_a_job_over_its_time_limit_has_failed(
        self, jobs: JobLauncher, order: Callable[..., JobOrder]
    ) -> None:
        status = self.run(jobs, order("run-1", "sleep", timeout_seconds=1))
        assert status.state is JobState.FAILED
        assert "time limit of 1 s" in status.reason

    def test_a_cancelled_job_ends_as_cancelled(
        self, jobs: JobLauncher, order: Callable[..., JobOrder]
    ) -> None:
        job_id = jobs.start(order("run-1", "sleep"))
        assert jobs.status(job_id).state is JobState.RUNNING
        jobs.cancel(job_id)
        assert self.end_of(jobs, job_id).state is JobState.CANCELLED

    def test_a_job_that_has_ended_stays_as_it_ended(
        self, jobs: JobLauncher, order: Callable[..., JobOrder]
    ) -> None:
        job_id = jobs.start(order("run-1", "say", "hello"))
        ended = self.end_of(jobs, job_id)
        jobs.cancel(job_id)
        assert jobs.status(job_id) == ended

    @pytest.mark.parametrize("name", ["SCIENCEOPS_ENVIRONMENT", "JOB_EXTRA"])
    def test_settings_reach_the_job(
        self, jobs: JobLauncher, order: Callable[..., JobOrder], name: str
    ) -> None:
        settings: dict[str, Any] = {name: "from the order"}
        status = self.run(jobs, order("run-1", "say-setting", name, settings=settings))
        assert status.log_tail[-1] == f"{name}=from the order"
