"""What each deployable is made of, told in a few lines; stage.py lays it out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

MEGABYTE = 1024**2
#: What every deployable carries of ScienceOps, and where: images are made of it, too.
OWN = {
    "shared/scienceops": "scienceops",
    "scorer_container": "scorer_container",
    "stats_job": "stats_job",
}
#: Of the chart library, the script alone: nothing else of it is used.
CHARTS = {"plotly": ("package_data/plotly.min.js",)}


@dataclass(frozen=True)
class Target:
    """One deployable. Paths are relative: of sources to the repository, of places to the package.

    lock: requirements with hashes, installed under `packages`; empty for none.
    sources: file or folder of the repository -> its place, "" for the package's root.
    borrowed: installed package -> files of it that go along, without the rest.
    runs_at: where the platform unpacks it, for tracebacks; compiled files are made when it is set.
    """

    sources: Mapping[str, str]
    lock: str = ""
    packages: str = ""
    borrowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    platform: str = "x86_64-manylinux2014"
    python: str = "3.11"
    runs_at: str = ""
    #: The most that the platform takes, in bytes.
    limit_bytes: int = 250 * MEGABYTE
    zipped_limit_bytes: int = 250 * MEGABYTE


TARGETS: Mapping[str, Target] = {
    "aws": Target(
        lock="functions/aws/requirements.lock",
        sources={"functions/aws": "functions/aws", **OWN},
        borrowed=CHARTS,
        runs_at="/var/task",
        # What Lambda unpacks, and what it takes without a detour by a bucket.
        limit_bytes=250 * MEGABYTE,
        zipped_limit_bytes=50 * MEGABYTE,
    ),
    # Our own packages alone: what jobs on EMR need besides is in the archive of their environment.
    "emr": Target(sources=OWN),
    "azure": Target(
        lock="functions/azure/requirements.lock",
        # Where the Python worker looks beside the package's root.
        packages=".python_packages/lib/site-packages",
        # The host wants host.json and function_app.py at the root.
        sources={
            "functions/azure/host.json": "host.json",
            "functions/azure/function_app.py": "function_app.py",
            **OWN,
        },
        borrowed=CHARTS,
        # Microsoft's ODBC driver comes in wheels for glibc 2.28.
        platform="x86_64-manylinux_2_28",
        runs_at="/home/site/wwwroot",
        # Flex Consumption takes far more; an instance that starts copies all of it.
        limit_bytes=300 * MEGABYTE,
        zipped_limit_bytes=120 * MEGABYTE,
    ),
}
