"""The image of Azure's jobs, built by a real engine; the statistics job counts in it.

Azurite is the bucket. Nothing is pulled: the base is made from Debian's packages, and has what the
Dockerfile asks of it.
"""

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from club import ROWS, assert_same, fill, run_inline, values

from containers.laboratory import Laboratory
from infra.azure.job_image import lay_out
from infra.local.engine import make_base
from scienceops.adapters.azure import connect_objects
from scienceops.adapters.azure.run_job import ENDED
from scienceops.adapters.azure.statistics_store import connect_statistics
from scienceops.azure_settings import AzureSettings
from scienceops.config import Settings
from scienceops.core.names import job_key, run_manifest_key

BASE = "scienceops-base-apt:{python}"
IMAGE = "scienceops-tests:azure-job"
#: What python:3.11-slim has besides: `python` and `pip` by these names.
PYTHON_BASE = """\
FROM {base}
RUN python3 -m venv /opt/python
ENV PATH=/opt/python/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
"""
DATA = "/data"
LOOK = "from scienceops.adapters.azure.sql_engine import find_driver; print(find_driver('x'))"


def build(client: Any, folder: Path, name: str, **arguments: str) -> None:
    """Build an image from all of a folder."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        archive.add(folder, ".")
    context.seek(0)
    client.images.build(
        fileobj=context, custom_context=True, tag=name, buildargs=arguments, rm=True, forcerm=True
    )


@pytest.fixture(scope="module")
def engine(laboratory: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A client of an engine that has the image."""
    base = make_base(laboratory.address, BASE, "apt")
    folder = tmp_path_factory.mktemp("base")
    (folder / "Dockerfile").write_text(PYTHON_BASE.format(base=base))
    client = laboratory.connect()
    build(client, folder, f"{base}-python")
    build(client, lay_out(tmp_path_factory.mktemp("job")), IMAGE, BASE=f"{base}-python")
    yield client
    client.close()


def settings_of(azure: AzureSettings, folder: str) -> Settings:
    """Of an installation whose statistics are in a file of this folder."""
    place = {"sql_url": f"sqlite:///{folder}/statistics.db"}
    return Settings(
        cloud="azure",
        images="registry.azurecr.io/scienceops",
        azure=azure.model_copy(update=place),
    )


def test_the_statistics_job_counts_in_its_image_what_it_counts_outside(
    engine: Any, azure_settings: AzureSettings, tmp_path: Path
) -> None:
    ours, expected = tmp_path / "of-the-image", tmp_path / "expected"
    for folder in (ours, expected):
        folder.mkdir()
    # The image runs as a user of its own.
    ours.chmod(0o777)
    ports = {
        folder: SimpleNamespace(
            objects=connect_objects(settings_of(azure_settings, str(folder))),
            statistics=connect_statistics(settings_of(azure_settings, str(folder)).azure),
        )
        for folder in (ours, expected)
    }
    fill(ports[expected])
    run_inline(ports[expected], 1)
    key = run_manifest_key("run-000000001")
    said = engine.containers.run(
        IMAGE,
        ["job-1", "300", "stats_job", "--manifest", key, "--engine", "inline"],
        environment=settings_of(azure_settings, DATA).as_environment,
        volumes={str(ours): {"bind": DATA, "mode": "rw"}},
        # Azurite listens on this machine alone.
        network_mode="host",
        read_only=True,
        tmpfs={"/tmp": ""},  # noqa: S108  # In the container.
        remove=True,
    )
    assert json.loads(said.splitlines()[-1])["rows_read"] == 2 * ROWS
    assert_same(values(ports[ours]), values(ports[expected]))
    ended = json.loads(ports[ours].objects.get(job_key("job-1", ENDED)))
    assert ended == {"state": "succeeded", "reason": ""}


def test_the_image_holds_microsoft_s_driver_and_what_loads_it_and_is_not_root(engine: Any) -> None:
    code = f"{LOOK}; import os, pyodbc; print(os.getuid())"
    said = engine.containers.run(
        IMAGE, ["-c", code], entrypoint=["python"], network_mode="none", remove=True
    )
    driver, user = said.decode().splitlines()
    assert "libmsodbcsql-18" in driver
    assert user == "10001"
