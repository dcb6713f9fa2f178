"""What jobs on EMR run from: our own packages in a zip, an entry, an archive of an environment."""

import io
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from emulators.account import Account

from infra import job_files
from infra.stage import HERE, stage
from scienceops.adapters.aws import emr_job


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stage("emr", tmp_path_factory.mktemp("build"))


def test_the_zip_alone_holds_all_of_ours_that_a_job_imports(packages, tmp_path):
    # As on EMR: the entry is a file somewhere, our packages come from the zip and nowhere else.
    entry = tmp_path / "on_emr.py"
    entry.write_bytes((HERE / "stats_job/on_emr.py").read_bytes())
    check = tmp_path / "check_origins.py"
    check.write_text(
        "import sys\n"
        "import scienceops.training.compare, scienceops.training.select, stats_job.__main__\n"
        "from scienceops.adapters.aws import connect\n"
        "from scienceops.config import load_settings\n"
        "connect(load_settings())\n"
        "ours = [m.__file__ for n, m in sys.modules.items()"
        " if n.startswith(('scienceops', 'stats_job'))]\n"
        "assert all(f.startswith(sys.argv[1]) for f in ours if f), ours\n"
        "print('told', sys.argv[1:])\n"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": f"{packages}{os.pathsep}{tmp_path}",
        "SCIENCEOPS_CLOUD": "aws",
        "SCIENCEOPS_AWS_BUCKET": "bucket",
    }
    ran = subprocess.run(
        [sys.executable, str(entry), "check_origins", str(packages)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == f"told ['{packages}']\n"


def test_what_is_uploaded_is_what_a_job_asks_for(packages, account: Account, tmp_path):
    account.make_bucket()
    archive = tmp_path / "environment.tar.gz"
    archive.write_bytes(b"an environment")
    job_files.upload(account.client("s3"), account.bucket, packages, archive)
    place = account.settings.aws.job_files
    listed = account.client("s3").list_objects_v2(Bucket=account.bucket)["Contents"]
    wanted = {place + name for name in (emr_job.ENTRY, emr_job.PACKAGES, emr_job.ENVIRONMENT)}
    assert {one["Key"] for one in listed} == wanted


def test_an_archive_of_the_same_files_is_the_same_bytes_and_keeps_links(tmp_path):
    folder = tmp_path / "python"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/python3.11").write_bytes(b"a program")
    (folder / "bin/python3.11").chmod(0o755)
    (folder / "bin/python").symlink_to("python3.11")
    first = job_files.write_archive(folder, tmp_path / "first.tar.gz").read_bytes()
    os.utime(folder / "bin/python3.11", (1, 1))
    assert job_files.write_archive(folder, tmp_path / "second.tar.gz").read_bytes() == first
    with tarfile.open(fileobj=io.BytesIO(first)) as archive:
        assert archive.getmember("bin/python").linkname == "python3.11"
        assert archive.getmember("bin/python3.11").mode == 0o755


def test_the_zip_is_the_same_bytes_twice(packages, tmp_path):
    assert stage("emr", tmp_path).read_bytes() == packages.read_bytes()
    with zipfile.ZipFile(packages) as archive:
        assert "stats_job/on_emr.py" in archive.namelist()
