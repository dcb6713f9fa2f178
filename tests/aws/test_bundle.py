"""The bundle of the functions: the same bytes twice, within Lambda's limits, and enough to run."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.stage import check_size, stage
from infra.targets import TARGETS

UNWANTED = ("sklearn", "pandas", "pyarrow", "pyspark", "numpy", "scipy", "joblib", "skops")
DOORS = ("http", "on_alert", "on_capture", "on_model_upload", "on_timer", "on_work")
MEGABYTE = 1024**2


def test_the_bundle_is_the_same_bytes_twice(bundle: Path, tmp_path: Path):
    assert stage("aws", tmp_path).read_bytes() == bundle.read_bytes()


def test_the_bundle_is_within_the_limits_of_lambda(bundle: Path):
    with zipfile.ZipFile(bundle) as archive:
        unzipped = sum(entry.file_size for entry in archive.infolist())
    assert unzipped < 250 * MEGABYTE
    assert bundle.stat().st_size < 50 * MEGABYTE


def test_a_bundle_that_is_too_large_is_refused(tmp_path: Path):
    target = TARGETS["aws"]
    folder, archive = tmp_path / "aws", tmp_path / "aws.zip"
    folder.mkdir()
    with (folder / "large").open("wb") as file:
        file.truncate(target.limit_bytes + 1)
    archive.write_bytes(b"")
    with pytest.raises(SystemExit, match="aws has 262 MB unzipped, and its platform takes 262"):
        check_size("aws", target, folder, archive)


def test_the_bundle_holds_no_library_of_models_or_tables(bundle: Path):
    with zipfile.ZipFile(bundle) as archive:
        roots = {name.split("/")[0] for name in archive.namelist()}
    assert not [root for root in roots if root.startswith(UNWANTED)]


def test_of_the_chart_library_there_is_only_the_script(bundle: Path):
    with zipfile.ZipFile(bundle) as archive:
        found = [name for name in archive.namelist() if name.startswith("plotly")]
    assert found == ["plotly/package_data/plotly.min.js"]


@pytest.fixture(scope="module")
def unpacked(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    return folder


def run_alone(code: str, folder: Path) -> str:
    """Run Python that can import the bundle and the standard library, and nothing else."""
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("door", DOORS)
def test_a_door_starts_with_nothing_but_the_bundle(door: str, unpacked: Path):
    run_alone(f"from functions.aws.{door} import handler", unpacked)


def test_every_page_and_use_case_is_there_with_nothing_but_the_bundle(unpacked: Path):
    code = "import scienceops.app, scienceops.web.wsgi, scienceops.adapters.aws"
    run_alone(code, unpacked)


def test_the_bundle_carries_what_images_are_built_from(unpacked: Path):
    code = (
        "from scienceops.adapters.oci.build_context import lay_out\n"
        "print(*lay_out([], 'python:3.11-slim').files)"
    )
    files = run_alone(code, unpacked).split()
    assert {
        "Dockerfile",
        "serve/scorer_container/__main__.py",
        "train/scienceops/packing/pack.py",
    } <= {*files}
    assert not [file for file in files if "__pycache__" in file]
