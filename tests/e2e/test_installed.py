"""ScienceOps from its wheel, as a user installs it, in an environment that the user changes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from models import iris_rows, pack_iris
from platform_process import ROOT, Platform, wait_for

from infra.azure.wheel import make_wheel

PACKAGES = ("functions", "scienceops", "scorer_container", "stats_job")
#: Small, without needs of its own, and never the release that the tests run with.
MOVING, RELEASE = "iniconfig", "1.1.1"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel in it, whose packages stand before those of this checkout."""
    wheel = make_wheel(tmp_path_factory.mktemp("build"))
    folder = tmp_path_factory.mktemp("installed")
    uv = Path(sys.executable).parent / "uv"
    install = (uv, "pip", "install", "--quiet", "--no-deps", "--offline", "--target", folder, wheel)
    subprocess.run([*install, "--python", sys.executable], check=True)
    return folder


def test_the_wheel_has_every_file_of_its_packages(installed: Path) -> None:
    places = ("shared/scienceops", "scorer_container", "stats_job", "functions/local")
    told = subprocess.run(
        ["git", "-C", ROOT, "ls-files", *places], capture_output=True, text=True, check=True
    )
    wanted = {path.removeprefix("shared/") for path in told.stdout.splitlines()}
    found = (path for name in PACKAGES for path in (installed / name).rglob("*"))
    assert {path.relative_to(installed).as_posix() for path in found if path.is_file()} >= wanted


def test_a_version_keeps_what_it_was_built_with_when_its_user_upgrades(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Python looks first in the folder that a program is started in, and this checkout is one.
    monkeypatch.chdir(tmp_path)
    site = tmp_path / "site"
    metadata = site / f"{MOVING}-{RELEASE}.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: {MOVING}\nVersion: {RELEASE}\n")
    monkeypatch.syspath_prepend(site)
    platform = Platform(tmp_path / "home")
    platform.env["PYTHONPATH"] = f"{installed}{os.pathsep}{site}"
    try:
        platform.up()
        needs = [f"{MOVING}=={RELEASE}"]
        package = pack_iris(tmp_path, runtime="sklearn", requirements=needs)
        pushed = platform.cli("push", str(package), "--wait").stdout
        assert "nothing to build" in pushed
        token = platform.owner_token()
        _, _, before = platform.score("iris", iris_rows(), token)
        platform.down()
        # From here on its own, later release is the one that is found.
        shutil.rmtree(site)
        platform.up()
        log = platform.home / "logs" / "iris-1.log"
        lacks = f"lacks {MOVING}=={RELEASE}: an environment of its own is made"
        # The scorer from before may still be there to answer when the platform is up again.
        wait_for(lambda: lacks in log.read_text(), 60, "the environment")
        wait_for(lambda: platform.score("iris", iris_rows(), token)[0] == 200, 300, "an answer")
        _, _, after = platform.score("iris", iris_rows(), token)
        assert after["predictions"] == before["predictions"]
        places = platform.home.glob(f"environments/*/lib/python*/site-packages/{MOVING}-*")
        assert [place.name for place in places] == [f"{MOVING}-{RELEASE}.dist-info"]
    finally:
        platform.down()
