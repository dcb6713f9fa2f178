"""The wheel that Databricks installs: the same bytes twice, with the entry point that is sent."""

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

import pytest
from emulators.databricks import ENTRY_POINTS
from packaging.requirements import Requirement

from infra.azure.wheel import make_wheel
from infra.stage import HERE
from scienceops.adapters.azure.databricks_job import ENTRY_POINT, PACKAGE


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_wheel(tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A clean folder with the wheel in it, and nothing of what it depends on."""
    folder = tmp_path_factory.mktemp("installed")
    uv = Path(sys.executable).parent / "uv"
    install = (uv, "pip", "install", "--quiet", "--no-deps", "--offline", "--target", folder, wheel)
    subprocess.run([*install, "--python", sys.executable], check=True)
    return folder


def entry_point(folder: Path) -> EntryPoint:
    """The entry point that the adapter names, as Databricks looks it up: in the wheel's package."""
    [found] = distributions(name=PACKAGE, path=[str(folder)])
    [point] = found.entry_points.select(name=ENTRY_POINT)
    return point


def test_the_wheel_is_the_same_bytes_twice_in_place_of_an_older_one(wheel: Path, tmp_path: Path):
    (tmp_path / "scienceops-0.0.1-py3-none-any.whl").write_bytes(b"older")
    again = make_wheel(tmp_path)
    assert (again.name, again.read_bytes()) == (wheel.name, wheel.read_bytes())
    assert list(tmp_path.iterdir()) == [again]


def test_the_entry_point_that_the_adapter_sends_is_in_the_wheel_and_runs(installed: Path):
    point = entry_point(installed)
    # What the stand-in for Databricks calls in its place is the same.
    assert point.value == ENTRY_POINTS[PACKAGE, ENTRY_POINT]
    code = (
        f"import sys; sys.path.insert(0, {str(installed)!r})\n"
        f"from importlib.metadata import EntryPoint\n"
        f"called = EntryPoint({point.name!r}, {point.value!r}, {point.group!r}).load()\n"
        f"print(sys.modules[called.__module__].__file__)\n"
        f"import scienceops.core.names, stats_job.__main__\n"
        f"print(scienceops.core.names.__file__, stats_job.__main__.__file__, sep='\\n')"
    )
    # The site of this environment gives the dependencies; the wheel stands before its own source.
    ran = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert all(line.startswith(f"{installed}/") for line in ran.stdout.splitlines())


def test_the_wheel_carries_what_is_no_python(installed: Path):
    assert list((installed / "scienceops/web/templates").rglob("*.html"))
    assert list((installed / "scienceops/projects/files").iterdir())


def test_the_wheel_asks_for_all_that_it_needs_but_spark(installed: Path):
    # A cluster has its own, which PyPI's would hide.
    [found] = distributions(name=PACKAGE, path=[str(installed)])
    wanted = {Requirement(line).name for line in found.requires or []}
    declared = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]["dependencies"]
    named = {Requirement(line).name for line in declared}
    assert named - wanted == {"pyspark"}


def test_a_wheel_for_a_machine_without_spark_asks_for_it(tmp_path: Path):
    [found] = distributions(name=PACKAGE, path=[str(make_wheel(tmp_path, spark=True))])
    assert "pyspark" in {Requirement(line).name for line in found.requires or []}
