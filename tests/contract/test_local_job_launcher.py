"""SubprocessJobLauncher keeps the promises of the launcher, also when processes race and die."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from contract.job_launcher import JobLauncherContract
from contract.processes import race
from contract.waiting import PATIENCE, wait_for

from scienceops.adapters.local.build_environment import COMPLETE
from scienceops.adapters.local.environments import Environments
from scienceops.adapters.local.job_launcher import SubprocessJobLauncher
from scienceops.adapters.local.processes import birth_of
from scienceops.config import Settings
from scienceops.ports.job_launcher import JobOrder, JobState


def make_order(key: str, *arguments: str, **fields: Any) -> JobOrder:
    return JobOrder(
        **{"key": key, "module": "contract.stand_in_job", "arguments": arguments}
        | {"timeout_seconds": 60, **fields}
    )


def read_pids(path: Path) -> list[int]:
    text = wait_for(lambda: path.read_text() if path.exists() else "", lambda t: t.endswith("\n"))
    return [int(word) for word in text.split()]


def all_gone(pids: list[int]) -> bool:
    return not any(birth_of(pid) for pid in pids)


class TestSubprocessJobLauncher(JobLauncherContract):
    @pytest.fixture
    def jobs(self, tmp_path: Path) -> SubprocessJobLauncher:
        return SubprocessJobLauncher(tmp_path, Settings(home=tmp_path))

    @pytest.fixture
    def order(self) -> Callable[..., JobOrder]:
        return make_order

    @pytest.fixture(params=["docker:iris", "environment:0123", "environment:../x"])
    def refused(
        self, jobs: SubprocessJobLauncher, request: pytest.FixtureRequest
    ) -> tuple[SubprocessJobLauncher, JobOrder, str]:
        return jobs, make_order("run-1", "say", image=request.param), request.param

    def test_the_job_knows_the_home(self, jobs: SubprocessJobLauncher, tmp_path: Path) -> None:
        status = self.run(jobs, make_order("run-1", "say-setting", "SCIENCEOPS_HOME"))
        assert status.log_tail[-1] == f"SCIENCEOPS_HOME={tmp_path}"

    def test_cancelling_ends_whatever_the_job_started(
        self, jobs: SubprocessJobLauncher, tmp_path: Path
    ) -> None:
        job_id = jobs.start(make_order("run-1", "sleep-with-children", str(tmp_path / "pids")))
        pids = read_pids(tmp_path / "pids")
        assert not all_gone(pids)
        jobs.cancel(job_id)
        assert self.end_of(jobs, job_id).state is JobState.CANCELLED
        assert all_gone(pids)

    @pytest.mark.parametrize("cancelled", [True, False])
    def test_the_temporary_files_of_a_job_that_is_ended_go_with_it(
        self, jobs: SubprocessJobLauncher, tmp_path: Path, *, cancelled: bool
    ) -> None:
        told = tmp_path / "path"
        job_id = jobs.start(
            make_order(
                "run-1",
                "sleep-over-a-temporary-file",
                str(told),
                timeout_seconds=60 if cancelled else 3 * PATIENCE,
            )
        )
        path = Path(wait_for(lambda: told.exists() and told.read_text().rstrip()))
        if cancelled:
            jobs.cancel(job_id)
        state = self.end_of(jobs, job_id).state
        assert state is (JobState.CANCELLED if cancelled else JobState.FAILED)
        assert not path.parent.exists()

    def test_a_job_that_ends_leaves_nothing_behind(
        self, jobs: SubprocessJobLauncher, tmp_path: Path
    ) -> None:
        status = self.run(jobs, make_order("run-1", "leave-a-child", str(tmp_path / "pid")))
        assert status.state is JobState.SUCCEEDED
        assert all_gone(read_pids(tmp_path / "pid"))

    def test_a_job_whose_supervisor_is_killed_has_failed_and_ends_too(
        self, jobs: SubprocessJobLauncher, tmp_path: Path
    ) -> None:
        job_id = jobs.start(make_order("run-1", "sleep-with-children", str(tmp_path / "pids")))
        job = read_pids(tmp_path / "pids")[0]
        children = read_pids(tmp_path / "pids")[1:]
        os.kill(os.getsid(job), signal.SIGKILL)
        status = self.end_of(jobs, job_id)
        assert status.state is JobState.FAILED
        assert "vanished" in status.reason
        wait_for(lambda: all_gone([job]))
        for child in children:
            os.kill(child, signal.SIGKILL)

    def test_a_job_whose_caller_died_before_the_supervisor_ran_can_be_started(
        self, jobs: SubprocessJobLauncher, tmp_path: Path
    ) -> None:
        folder = tmp_path / "jobs" / "run-1"
        folder.mkdir(parents=True)
        (folder / "lock").touch()
        (folder / "order.json").write_text('{"command": ["false"], "timeout_seconds": 1}')
        assert jobs.status("run-1").state is JobState.FAILED
        assert self.run(jobs, make_order("run-1", "say", "hello")).state is JobState.SUCCEEDED

    def test_racing_processes_start_a_job_once_and_it_outlives_them(
        self, jobs: SubprocessJobLauncher, tmp_path: Path
    ) -> None:
        assert race("start_job", tmp_path, ["1", "2", "3"]) == [["run-1"]] * 3
        assert self.end_of(jobs, "run-1").state is JobState.SUCCEEDED
        assert len(jobs.log("run-1").splitlines()) == 1

    def test_a_command_that_is_not_there_is_a_job_that_failed(
        self, jobs: SubprocessJobLauncher, tmp_path: Path
    ) -> None:
        environments = Environments(tmp_path)
        image = environments.keep("3.11", ["no-such-package"])
        # Its Python was taken away after it had been made.
        folder = environments.folder(environments.needs(image))
        folder.mkdir(parents=True)
        (folder / COMPLETE).touch()
        status = self.run(jobs, make_order("run-1", "say", image=image))
        assert status.state is JobState.FAILED
        assert "cannot be started" in status.reason
