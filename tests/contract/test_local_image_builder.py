"""EnvironmentImageBuilder keeps the promises of the builder. These tests ask the package index."""

import contextlib
import fcntl
import importlib.metadata
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from contract.image_builder import ImageBuilderContract
from contract.waiting import wait_for

from scienceops.adapters.local.environments import Environments
from scienceops.adapters.local.image_builder import EnvironmentImageBuilder
from scienceops.config import Settings
from scienceops.ports.image_builder import BuildOrder, BuildState

RUNNING_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
#: Small, without needs of its own, and never the one that the tests run with.
ISOLATED = ("packaging==24.1",)
ALWAYS = ("packaging>=24",)


def make_order(key: str, requirements: tuple[str, ...], python: str = RUNNING_PYTHON) -> BuildOrder:
    return BuildOrder(key, "iris", 1, "versions/iris/1/package.zip", "0" * 64, requirements, python)


def words_of(environments: Environments, image: str) -> list[str]:
    """The lines of a program that is run in an image, which tell what is installed there."""
    program = (
        "import importlib.util as u, packaging, scienceops, scorer_container; "
        "print(packaging.__version__, u.find_spec('pytest'))"
    )
    command, path = environments.command(image, ["-c", program], os.environ["PYTHONPATH"])
    env = {**os.environ, "PYTHONPATH": path}
    seen = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return seen.stdout.splitlines()


class TestEnvironmentImageBuilder(ImageBuilderContract):
    @pytest.fixture
    def builder(self, tmp_path: Path) -> EnvironmentImageBuilder:
        # The scorer's own list is some hundred megabytes; one small package shows the same.
        return EnvironmentImageBuilder(tmp_path, Settings(home=tmp_path), always=ALWAYS)

    @pytest.fixture
    def environments(self, tmp_path: Path) -> Environments:
        return Environments(tmp_path, ALWAYS)

    @pytest.fixture
    def good_order(self) -> Callable[[str], BuildOrder]:
        return lambda key: make_order(key, ("pytest",))

    @pytest.fixture
    def bad_order(self) -> Callable[[str], BuildOrder]:
        # What the scorer always needs says 24 or later.
        return lambda key: make_order(key, ("packaging<24",))

    def test_the_running_environment_is_used_where_it_satisfies_everything(
        self, builder: EnvironmentImageBuilder, environments: Environments
    ) -> None:
        exact = f"pytest=={importlib.metadata.version('pytest')}"
        build_id = builder.start(make_order("iris-1-1", (exact,)))
        assert "nothing to build" in builder.log(build_id)
        image = builder.status(build_id).image
        assert environments.command(image, [], "")[0] == [sys.executable]

    def test_another_python_needs_another_environment(
        self, builder: EnvironmentImageBuilder
    ) -> None:
        status = self.end_of(builder, builder.start(make_order("iris-1-1", (), python="3.2")))
        assert status.state is BuildState.FAILED
        assert "find Python 3.2" in status.reason

    def test_an_isolated_environment_holds_its_requirements_and_scienceops_alone(
        self, builder: EnvironmentImageBuilder, environments: Environments
    ) -> None:
        status = self.end_of(builder, builder.start(make_order("iris-1-1", ISOLATED)))
        assert status.state is BuildState.SUCCEEDED, status
        assert words_of(environments, status.image) == ["24.1 None"]

    def test_builds_of_the_same_environment_share_it(
        self, builder: EnvironmentImageBuilder, environments: Environments
    ) -> None:
        needs = environments.needs(environments.keep(RUNNING_PYTHON, ISOLATED))
        folder = environments.folder(needs)
        folder.parent.mkdir(exist_ok=True)
        with folder.with_name(f"{folder.name}.lock").open("wb") as turn:
            # Neither ends before the other begins.
            fcntl.flock(turn, fcntl.LOCK_EX)
            beside = [builder.start(make_order(f"iris-{n}-1", ISOLATED)) for n in (1, 2)]
        images = {self.end_of(builder, build_id).image for build_id in beside}
        later = builder.start(make_order("iris-3-1", ISOLATED))
        assert {builder.status(later).image} == images
        assert "was built before" in builder.log(later)

        def logs() -> list[str]:
            return [builder.log(build_id) for build_id in beside]

        wait_for(logs, lambda texts: any("by another build" in text for text in texts))
        assert sum("install the requirements" in text for text in logs()) == 1

    def test_what_a_killed_builder_left_does_not_disturb_the_next_build(
        self, builder: EnvironmentImageBuilder, environments: Environments, tmp_path: Path
    ) -> None:
        build_id = builder.start(make_order("iris-1-1", ISOLATED))
        image = self.end_of(builder, build_id).image
        wait_for((tmp_path / "builds" / build_id / "exit.json").exists)
        folder = environments.folder(environments.needs(image))
        # As it is left by a builder that was killed while it was installing.
        (folder / "scienceops-complete").unlink()
        shutil.rmtree(folder / "lib")
        assert builder.status(build_id).state is BuildState.FAILED
        assert self.end_of(builder, builder.start(make_order("iris-1-2", ISOLATED))).image == image
        assert (folder / "lib").is_dir()

    def test_a_build_whose_process_is_killed_has_failed(
        self, builder: EnvironmentImageBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("UV_NO_CACHE", "1")
        with socket.create_server(("127.0.0.1", 0)) as silent:
            # It asks an index that never answers, and so does not end before it is killed.
            index = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
                monkeypatch.setenv(name, index)
            self.kill(builder, tmp_path)

    def kill(self, builder: EnvironmentImageBuilder, tmp_path: Path) -> None:
        build_id = builder.start(make_order("iris-1-1", ISOLATED))
        folder = os.fsencode(tmp_path / "builds" / build_id)
        wanted = [b"scienceops.adapters.local.supervise", folder]

        def supervisor() -> int:
            for entry in Path("/proc").iterdir():
                with contextlib.suppress(OSError):
                    if (entry / "cmdline").read_bytes().split(b"\0")[-3:-1] == wanted:
                        return int(entry.name)
            return 0

        os.kill(wait_for(supervisor), signal.SIGKILL)
        status = self.end_of(builder, build_id)
        assert status.state is BuildState.FAILED
        assert "vanished" in status.reason
