"""The package of the functions on Azure: the same bytes twice, small enough, and enough to run."""

import os
import shutil
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from infra.stage import files_of, lay_out, stage, write_zip
from infra.targets import TARGETS

TARGET = TARGETS["azure"]
DOORS = ["http", "on_alert", "on_capture", "on_model_upload", "on_timer", "on_work"]
#: Models and tables are work for containers and jobs.
UNWANTED = ("sklearn", "scikit_learn", "pandas", "pyarrow", "pyspark", "scipy", "joblib", "skops")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """build/azure.zip as `make deploy-azure` makes it; the folder beside it holds the same."""
    return stage("azure", tmp_path_factory.mktemp("build"))


def run_alone(code: str, package: Path) -> str:
    """Run Python as its worker does: the package's root and its packages, and nothing else."""
    root = package.with_suffix("")
    paths = [str(root), str(root / TARGET.packages)]
    program = f"import sys; sys.path[:0] = {paths!r}\n{code}"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def contents_of(folder: Path) -> dict[str, str]:
    return {name: sha256(path.read_bytes()).hexdigest() for name, path in files_of(folder)}


def test_the_package_holds_the_same_files_twice(package: Path, tmp_path: Path):
    lay_out("azure", tmp_path / "again")
    assert contents_of(tmp_path / "again") == contents_of(package.with_suffix(""))


def test_the_same_files_are_the_same_bytes_of_a_package(package: Path, tmp_path: Path):
    # Of a part alone: to compress all of it twice takes half a minute, and tells no more.
    root = package.with_suffix("")
    for name in ("first", "second"):
        shutil.copytree(root / "stats_job", tmp_path / name)
    for _, path in files_of(tmp_path / "second"):
        os.utime(path, (0, 0))
        path.chmod(0o600)
    for name in ("first", "second"):
        write_zip(tmp_path / name, tmp_path / f"{name}.zip")
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()


def test_the_package_is_its_folder(package: Path):
    with zipfile.ZipFile(package) as archive:
        held = {name: sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    assert held == contents_of(package.with_suffix(""))


def test_the_package_is_within_its_limits(package: Path):
    with zipfile.ZipFile(package) as archive:
        unzipped = sum(entry.file_size for entry in archive.infolist())
        names = archive.namelist()
    assert names == [name for name, _ in files_of(package.with_suffix(""))]
    assert unzipped < TARGET.limit_bytes
    assert package.stat().st_size < TARGET.zipped_limit_bytes


def test_the_package_holds_no_library_of_models_or_tables(package: Path):
    installed = {path.name for path in (package.with_suffix("") / TARGET.packages).iterdir()}
    assert {"flask", "azure", "numpy"} <= installed
    assert not [name for name in installed if name.startswith(UNWANTED)]


def test_the_worker_finds_every_door_with_nothing_but_the_package(package: Path):
    code = (
        "import function_app\n"
        "print(*sorted(found.get_function_name() for found in function_app.app.get_functions()))"
    )
    assert run_alone(code, package).split() == DOORS


def test_every_page_use_case_and_adapter_is_there_with_nothing_but_the_package(package: Path):
    code = (
        "import scienceops.app, scienceops.web.wsgi, scienceops.web.traces\n"
        "import scienceops.adapters.azure.job_launcher\n"
        "import scienceops.adapters.azure.statistics_store\n"
        "import azure.monitor.opentelemetry, mssql_python, pyodbc\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    assert not {*run_alone(code, package).split()} & set(UNWANTED)
