"""What jobs on Azure run from: the wheel in the workspace of Databricks, and the image's folder."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from bicep.files import BICEP, all_files
from club import DAYS, ROWS, fill, values
from emulators.databricks import Databricks, databricks_app
from emulators.resource_manager import serving_app
from packaging.requirements import Requirement

from infra.azure.job_image import FILES, SOURCES, lay_out, tag_of
from infra.azure.upload_wheel import upload
from scienceops.adapters.azure.databricks_job import PACKAGES
from scienceops.adapters.azure.management import open_workspace
from scienceops.adapters.local import connect
from scienceops.azure_settings import AzureSettings
from scienceops.config import load_settings
from scienceops.core.names import run_manifest_key

NAME = "scienceops-0.1.0-py3-none-any.whl"


@pytest.fixture
def databricks(tmp_path: Path) -> Iterator[Databricks]:
    databricks = Databricks(tmp_path / "databricks")
    yield databricks
    databricks.end()


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / NAME
    path.write_bytes(b"a wheel")
    return path


@pytest.mark.parametrize(
    "folder", ["/Workspace/Shared/scienceops", "/Volumes/main/scienceops/wheels"]
)
def test_the_wheel_is_put_into_the_workspace_in_place_of_an_older_one(
    databricks: Databricks, wheel: Path, folder: str
) -> None:
    with serving_app(databricks_app(databricks)) as url:
        client = open_workspace(AzureSettings(databricks_host=url))
        for content in (b"older", b"newer"):
            wheel.write_bytes(content)
            upload(client, wheel, f"{folder}/{NAME}")
    assert databricks.files == {f"{folder}/{NAME}": b"newer"}


@pytest.mark.parametrize("place", [f"/dbfs/{NAME}", "/Workspace/Shared/other.whl", ""])
def test_a_place_that_clusters_do_not_install_from_is_named(
    databricks: Databricks, wheel: Path, place: str
) -> None:
    with serving_app(databricks_app(databricks)) as url:
        client = open_workspace(AzureSettings(databricks_host=url))
        with pytest.raises(SystemExit, match=f"databricksWheel={place}: wanted"):
            upload(client, wheel, place)
    assert databricks.files == {}


def test_what_is_laid_out_is_what_the_dockerfile_copies_and_its_wheel_goes_where_bicep_says(
    tmp_path: Path,
) -> None:
    folder = lay_out(tmp_path / "job")
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, NAME])
    copied = [
        word
        for line in (folder / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ")
        for word in line.split()[1:-1]
    ]
    assert [[path.name for path in folder.glob(word)] for word in copied] == [
        ["requirements.lock"],
        [NAME],
    ]
    place = all_files()[BICEP / "main.bicep"].of("param")["databricksWheel"].value
    assert place == f"/Workspace/Shared/scienceops/{NAME}"


def test_another_file_is_another_image(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Dockerfile").write_text("FROM x")
    first, second = tmp_path / "a", tmp_path / "b"
    assert tag_of(first) == tag_of(second)
    (second / "Dockerfile").write_text("FROM y")
    assert tag_of(first) != tag_of(second)


def test_the_image_holds_what_a_cluster_is_told_to_install() -> None:
    lines = (SOURCES / "requirements.txt").read_text().splitlines()
    held = {Requirement(line).name for line in lines if not line.startswith("#")}
    assert held >= {Requirement(line).name for line in PACKAGES}


#: Jobs import what the image holds, and nothing else that this environment has.
HOLD = """
import sys
held = set(sys.argv[1].split())
from importlib.metadata import packages_distributions
from packaging.utils import canonicalize_name as plain
named = {m for m, d in packages_distributions().items() if not held & {plain(x) for x in d}}
named -= {"scienceops", "scorer_container", "stats_job", "infra", "functions"}

class NotHeld:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in named:
            raise ModuleNotFoundError(f"{name} is not in the image")

sys.meta_path.insert(0, NotHeld())
"""
START = """
import scienceops.adapters.azure.run_job
import stats_job.__main__, stats_job.inline
import scienceops.training.select
from scienceops.adapters.azure import connect
from scienceops.config import load_settings
connect(load_settings())
"""
COMPUTE = """
import runpy
sys.argv = ["stats_job", *sys.argv[2:]]
runpy.run_module("stats_job", run_name="__main__", alter_sys=True)
"""


def run_in_image(code: str, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run code where nothing can be imported but what is in the image's lock."""
    lock = (SOURCES / "requirements.lock").read_text().splitlines()
    held = [line.partition("==")[0].lower() for line in lock if "==" in line]
    return subprocess.run(
        [sys.executable, "-c", HOLD + code, " ".join(held), *words],
        env={**settings, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_jobs_start_with_what_the_image_holds(tmp_path: Path) -> None:
    done = run_in_image(
        START,
        SCIENCEOPS_CLOUD="azure",
        SCIENCEOPS_HOME=str(tmp_path),
        SCIENCEOPS_AZURE_STORAGE_ACCOUNT="storage",
        SCIENCEOPS_AZURE_SUBSCRIPTION="s",
        SCIENCEOPS_AZURE_SQL_URL="sqlite://",
        SCIENCEOPS_AZURE_KEY_VAULT="vault",
        SCIENCEOPS_IMAGES="registry.azurecr.io/scienceops",
    )
    assert done.returncode == 0, done.stderr


def test_days_are_counted_and_compared_with_what_the_image_holds(tmp_path: Path) -> None:
    # What is imported only where a day is compared is not seen at the start of a job.
    ports = connect(load_settings({"SCIENCEOPS_HOME": str(tmp_path)}))
    fill(ports)
    words = ("--manifest", run_manifest_key("run-000000001"), "--engine", "inline")
    done = run_in_image(COMPUTE, *words, SCIENCEOPS_HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["rows_read"] == 2 * ROWS
    assert values(ports)[DAYS[1], "age", "verdict"][0] == 1
