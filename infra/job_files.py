"""Job files: what jobs on EMR Serverless run from, made and put into the bucket of a stage.

python infra/job_files.py STAGE [OPTION]...

Of the options of a deployment, --region=REGION counts here. `--python=FOLDER`: a whole Python in a
folder that can be moved; one of uv's unless given. osls is not told of it.
"""

import gzip
import io
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra.aws_stage import account_of, region_of, values_of
from infra.stage import HERE, files_of, is_left_out, stage

#: In the bucket; the default of SCIENCEOPS_AWS_JOB_FILES.
PLACE = "jobs/platform/"
PYTHON = "3.11"
UV = Path(sys.executable).parent / "uv"


def main(name: str, options: Sequence[str]) -> None:
    """Make the three files and upload them, the entry last, so that no job finds it alone."""
    import boto3

    region = region_of(options)
    bucket = f"scienceops-{name}-{account_of(region)}-{region}"
    given = next(values_of("python", options), None)
    home = Path(given) if given else fetch_python()
    packages, environment = stage("emr"), make_environment(home)
    s3 = boto3.client("s3", region_name=region)
    upload(s3, bucket, packages, environment)
    sys.stdout.write(f"jobs on EMR run from s3://{bucket}/{PLACE}\n")


def upload(s3: Any, bucket: str, packages: Path, environment: Path) -> None:
    """Put the files where jobs look for them."""
    for path, key in (
        (packages, "scienceops.zip"),
        (environment, "environment.tar.gz"),
        (HERE / "stats_job/on_emr.py", "on_emr.py"),
    ):
        s3.upload_file(str(path), bucket, PLACE + key)


def fetch_python(build: Path = HERE / "build") -> Path:
    """A Python of uv's, which runs wherever it lies; its folder."""
    place = build / "emr-python"
    subprocess.run([UV, "python", "install", PYTHON, "--install-dir", place], check=True)
    return next(path for path in sorted(place.iterdir()) if (path / "bin/python3").exists())


def make_environment(home: Path, build: Path = HERE / "build") -> Path:
    """That Python with what jobs need installed, as an archive; the archive's path."""
    folder = build / "emr-environment"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(home, folder, symlinks=True)
    # Resolved within the versions that the tests ran with.
    subprocess.run(
        [
            *(UV, "pip", "install", "--quiet", "--python", folder / "bin/python3"),
            *("--break-system-packages", "--only-binary", ":all:"),
            *("--constraint", HERE / "requirements.txt", "-r", HERE / "stats_job/requirements.txt"),
        ],
        check=True,
    )
    return write_archive(folder, build / "environment.tar.gz")


def write_archive(folder: Path, archive: Path) -> Path:
    """The folder as a gzipped tar, the same bytes for the same files; links stay links."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as out:
        for name, path in files_of(folder):
            if is_left_out(path) or "__pycache__" in path.parts:
                continue
            entry = out.gettarinfo(path, name)
            entry.mtime = entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            if entry.isreg():
                with path.open("rb") as content:
                    out.addfile(entry, content)
            else:
                out.addfile(entry)
    archive.write_bytes(gzip.compress(packed.getvalue(), mtime=0))
    return archive


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
