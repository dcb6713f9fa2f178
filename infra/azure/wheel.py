"""The wheel that jobs on Databricks run from: `python -m infra.azure.wheel` makes it in build/.

The same bytes for the same sources: it is built in a folder of its own, at a fixed time.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.stage import HERE, copy

#: What the build reads; functions/local is a part of the wheel, as pyproject.toml has it.
SOURCES = (
    "pyproject.toml",
    "README.md",
    "shared/scienceops",
    "scorer_container",
    "stats_job",
    "functions/local",
)
#: What a cluster has of its own, and works no longer with once PyPI's is installed beside it.
#: Source: awslabs/python-deequ, issue 15; databrickslabs/dbldatagen, issue 24.
_SPARK = re.compile(r'"pyspark[<>=~][^"]*",\s*')
#: The first of January 1980, the earliest time that a zip can tell.
EARLIEST_SECONDS = "315532800"


def make_wheel(build: Path = HERE / "build", *, spark: bool = False) -> Path:
    """Build the wheel in place of an older one; its path. Raises CalledProcessError.

    spark: it asks for Spark too, as on a machine that has none of its own.
    """
    for old in build.glob("scienceops-*.whl"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        for source in SOURCES:
            copy(HERE / source, Path(folder) / source)
        if not spark:
            leave_out_spark(Path(folder) / "pyproject.toml")
        subprocess.run(
            [
                *(Path(sys.executable).parent / "uv", "build", "--quiet", "--wheel"),
                # With the locked setuptools of this environment, not whichever is newest.
                *("--no-build-isolation", "--python", sys.executable),
                *("--out-dir", Path(folder) / "dist", folder),
            ],
            check=True,
            env={**os.environ, "SOURCE_DATE_EPOCH": EARLIEST_SECONDS},
        )
        [made] = (Path(folder) / "dist").glob("*.whl")
        build.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(made, build / made.name))


def leave_out_spark(project: Path) -> None:
    """Take Spark from what the wheel depends on; raises ValueError when it is not there."""
    text, found = _SPARK.subn("", project.read_text())
    if found != 1:
        raise ValueError(f"{project} names pyspark {found} times among its dependencies: wanted 1")
    project.write_text(text)


if __name__ == "__main__":
    sys.stdout.write(f"{make_wheel()}\n")
