"""The launcher keeps its promises with containers too. The job in it is a stand-in."""

from collections.abc import Callable
from pathlib import Path

import pytest
from contract.job_launcher import LIMIT_SECONDS, JobLauncherContract
from contract.test_local_job_launcher import make_order

from containers.laboratory import Laboratory
from scienceops.adapters.local.job_launcher import SubprocessJobLauncher
from scienceops.ports.job_launcher import JobOrder


class TestEngineJobLauncher(JobLauncherContract):
    patience_seconds = 60.0

    @pytest.fixture
    def jobs(self, tmp_path: Path, laboratory: Laboratory) -> SubprocessJobLauncher:
        return SubprocessJobLauncher(tmp_path, laboratory.settings(tmp_path))

    @pytest.fixture
    def order(self, laboratory: Laboratory) -> Callable[..., JobOrder]:
        return lambda key, *arguments, **fields: make_order(
            key,
            *arguments,
            **{"image": laboratory.stand_in_job, "timeout_seconds": LIMIT_SECONDS, **fields},
        )

    @pytest.fixture
    def refused(self, jobs: SubprocessJobLauncher) -> tuple[SubprocessJobLauncher, JobOrder, str]:
        image = "environment:0123"
        return jobs, make_order("run-1", "say", image=image), image
