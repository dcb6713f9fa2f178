"""Faults: what breaks fails with its reason, and the live version answers all the while."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import docker
import pytest
from constant_load import Load
from models import iris_rows, pack_iris
from platform_process import running_platform, wait_for

from containers.broken_packages import ANSWERS_WRONGLY, CRASHES, IS_NEVER_READY, with_script
from containers.laboratory import PYTHON
from infra.local import engine
from infra.local.engine import BASE
from scienceops.adapters.engine.image_builder import EngineImageBuilder
from scienceops.packing.other_versions import OtherVersion
from scienceops.ports.image_builder import BuildOrder, BuildState


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("packages")


@pytest.fixture(scope="module")
def good(folder):
    return pack_iris(folder)


@pytest.fixture(scope="module")
def platform(laboratory, good, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with running_platform(home, **laboratory.environment) as platform:
        platform.cli("push", str(good), "--wait", "--timeout", "400")
        # Version 1 stays live, whatever else is proved.
        platform.cli("policy", "iris", "set", "promotion=manual")
        yield platform


@pytest.fixture
def impatient(platform):
    """The platform, which gives a version ten seconds to get ready: too few for a good one."""

    def live_version_answers():
        return platform.score("iris", iris_rows()[:1], platform.owner_token())[0] == 200

    def restart():
        platform.down()
        platform.up()
        wait_for(live_version_answers, 60, "the live version")

    platform.env["SCIENCEOPS_PROOF_SECONDS"] = "10"
    restart()
    yield platform
    del platform.env["SCIENCEOPS_PROOF_SECONDS"]
    restart()


@pytest.fixture
def load(platform):
    """Constant load on the live version, which no fault of another may disturb."""
    # It leaves the machine to the builds that go wrong beside it.
    with Load(platform, platform.owner_token(), pause_seconds=0.1) as load:
        yield load
    assert load.answers
    assert load.failures == []
    assert {version for _, version, _ in load.answers} == {"1"}


def newest(platform):
    return platform.read("services/iris")["versions"][0]


def push_and_wait(platform, package, state, seconds=400):
    before = newest(platform)["version"]
    platform.cli("push", str(package))
    return wait_for(
        lambda: (
            (found := newest(platform))["version"] > before and found["state"] == state and found
        ),
        seconds,
        f"a version that is {state}",
    )


@pytest.mark.parametrize(
    ("script", "reason"),
    [(CRASHES, "the weights are not there"), (ANSWERS_WRONGLY, "sample")],
    ids=["crashes at load", "answers its sample wrongly"],
)
def test_a_model_that_does_not_work_fails_with_the_reason(
    platform, laboratory, good, folder, load, script, reason
):
    fails_beside_the_live_version(platform, laboratory, good, folder, script, reason)


def test_a_model_that_is_never_ready_fails_with_what_allows_more_time(
    impatient, laboratory, good, folder, load
):
    told = "SCIENCEOPS_PROOF_SECONDS"
    fails_beside_the_live_version(impatient, laboratory, good, folder, IS_NEVER_READY, told)


def fails_beside_the_live_version(platform, laboratory, good, folder, script, reason):
    path = with_script(good, script, folder / f"{abs(hash(script))}.zip")
    version = push_and_wait(platform, path, "failed")
    assert reason in version["reason"]
    # What is left is the live version's container.
    wait_for(lambda: len(laboratory.containers_of(platform.home)) == 1, 90, "the container to go")


def dangling(laboratory):
    client = laboratory.connect()
    try:
        return {image.id for image in client.images.list(filters={"dangling": True})}
    finally:
        client.close()


def test_requirements_that_cannot_be_installed_fail_with_the_step_and_its_last_lines(
    platform, laboratory, folder, load
):
    before = dangling(laboratory)
    lines = ["scikit-learn", "flask<2"]
    with pytest.warns(OtherVersion, match="flask<2"):
        path = pack_iris(folder, strength=0.9, requirements=lines, runtime="sklearn")
    version = push_and_wait(platform, path, "failed", 200)
    assert "install the requirements" in version["reason"]
    assert 0 < len(version["log_tail"]) <= 20
    assert any("flask" in line for line in version["log_tail"])
    assert dangling(laboratory) <= before


def test_an_engine_that_is_away_in_the_middle_of_a_build_is_waited_for(
    platform, laboratory, folder, load
):
    lines = ["scikit-learn", "skops", "pandas<3"]
    path = pack_iris(folder, strength=0.8, requirements=lines, runtime="sklearn")
    platform.cli("push", str(path))
    wait_for(lambda: "install --quiet" in build_log(platform), 400, "the build to install")
    engine.stop(laboratory.folder)
    time.sleep(2)
    engine.start(laboratory.folder)
    version = wait_for(
        lambda: (found := newest(platform))["state"] in ("proved", "failed") and found, 280
    )
    assert version["state"] == "proved", version["reason"]
    assert "trying again" in build_log(platform)


def test_a_registry_that_is_away_is_waited_for(platform, laboratory, folder, load):
    laboratory.registry.stop()
    platform.cli("push", str(pack_iris(folder, strength=0.7)))
    wait_for(lambda: "does not answer" in build_log(platform), 120, "the build to find it away")
    laboratory.registry.start()
    wait_for(lambda: newest(platform)["state"] == "proved", 400, "the version to be proved")


def test_an_engine_without_room_fails_the_build_and_says_so(laboratory, good, tmp_path):
    """An engine of its own, whose images lie on a disk too small for the environment."""
    small = Path(tempfile.mkdtemp(prefix="scienceops-small-"))
    (small / "data").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(small / "data")]
    assert subprocess.run(mount, check=False).returncode == 0, "this machine's root may not mount"
    try:
        address = engine.start(small)
        give_base(laboratory, address)
        settings = laboratory.settings(tmp_path).model_copy(update={"engine": address})
        # Other requirements than the other tests', whose environment the registry has.
        order = BuildOrder("iris-1-1", "iris", 1, "k", "0" * 64, ("scikit-learn", "joblib"), PYTHON)
        builder = EngineImageBuilder(tmp_path, settings)
        build_id = builder.start(order)
        status = wait_for(
            lambda: (found := builder.status(build_id)).state is not BuildState.RUNNING and found,
            200,
        )
        assert status.state is BuildState.FAILED
        assert "no space left" in f"{status.reason} {status.log_tail}".lower()
    finally:
        engine.stop(small)
        subprocess.run(["umount", "-l", str(small / "data")], check=True)
        shutil.rmtree(small, ignore_errors=True)


def give_base(laboratory, address):
    """The laboratory's base image, to another engine."""
    ours, theirs = laboratory.connect(), docker.DockerClient(base_url=address, timeout=120)
    try:
        theirs.images.load(b"".join(ours.images.get(BASE.format(python=PYTHON)).save(named=True)))
    finally:
        ours.close()
        theirs.close()


def build_log(platform):
    logs = sorted((platform.home / "builds").glob("*/log"), key=lambda p: p.stat().st_mtime)
    return logs[-1].read_text() if logs else ""
