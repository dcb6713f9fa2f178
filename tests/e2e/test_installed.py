"""ScienceOps from its wheel, as a user installs it, in an environment that the user changes.

Installing asks the package index, at the releases of the lock.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from platform_process import ROOT, Platform, wait_for

from infra.azure.wheel import make_wheel

PACKAGES = ("functions", "scienceops", "scorer_container", "stats_job")
#: Small, without needs of its own, and no package of ours.
MOVING, OLD, NEW = "iniconfig", "2.0.0", "2.1.0"


def install(python: Path, *what: str) -> None:
    uv = Path(sys.executable).parent / "uv"
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *what], check=True)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel, what it asks for, and nothing else."""
    wheel = make_wheel(tmp_path_factory.mktemp("build"), spark=True)
    folder = tmp_path_factory.mktemp("installed")
    uv = Path(sys.executable).parent / "uv"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder / "env"], check=True)
    # A constraint has no hashes: the wheel, which is made here, could have none.
    pins = [
        line.split()[0]
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if "==" in line and not line.startswith(("#", " "))
    ]
    (folder / "pins.txt").write_text("\n".join(pins))
    found = folder / "env" / "bin" / "python"
    install(found, str(wheel), "--constraint", str(folder / "pins.txt"))
    return found


def test_the_wheel_has_every_file_of_its_packages(python: Path) -> None:
    places = ("shared/scienceops", "scorer_container", "stats_job", "functions/local")
    told = subprocess.run(
        ["git", "-C", ROOT, "ls-files", *places], capture_output=True, text=True, check=True
    )
    wanted = {path.removeprefix("shared/") for path in told.stdout.splitlines()}
    [site] = (python.parents[1] / "lib").glob("python*/site-packages")
    found = (path for name in PACKAGES for path in (site / name).rglob("*"))
    assert {path.relative_to(site).as_posix() for path in found if path.is_file()} >= wanted


def test_a_cloud_whose_packages_are_not_there_is_told_with_what_to_ask(
    python: Path, tmp_path: Path
) -> None:
    told = Platform(tmp_path / "home", str(python), SCIENCEOPS_CLOUD="aws").cli(
        "status", check=False
    )
    assert told.returncode == 1
    assert "SCIENCEOPS_CLOUD=aws needs the package of 'boto" in told.stderr
    told = Platform(tmp_path / "home", str(python)).cli("doctor", check=False)
    assert "optional  extra aws: not installed: boto3 -> pip install 'boto3>=1.41'" in told.stdout
    assert "missing" not in told.stdout


def test_a_version_keeps_what_it_was_built_with_when_its_user_upgrades(
    python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(python, f"{MOVING}=={OLD}")
    rows = [{"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}]
    platform = Platform(tmp_path / "home", str(python))
    # Python looks first in the folder that a program is started in, and this checkout is one.
    monkeypatch.chdir(tmp_path)
    platform.cli("init", "iris")
    monkeypatch.chdir(tmp_path / "iris")
    with Path("requirements.txt").open("a") as lines:
        lines.write(f"{MOVING}=={OLD}\n")
    platform.cli("train")
    platform.cli("pack")
    [package] = Path().glob("iris-*.zip")
    try:
        platform.up()
        assert "nothing to build" in platform.cli("push", str(package), "--wait").stdout
        token = platform.owner_token()
        _, _, before = platform.score("iris", rows, token)
        platform.down()
        install(python, f"{MOVING}=={NEW}")
        platform.up()
        log = platform.home / "logs" / "iris-1.log"
        lacks = f"lacks {MOVING}=={OLD}: an environment of its own is made"
        # The scorer from before may still be there to answer when the platform is up again.
        wait_for(lambda: lacks in log.read_text(), 60, "the environment")
        wait_for(lambda: platform.score("iris", rows, token)[0] == 200, 300, "an answer")
        _, _, after = platform.score("iris", rows, token)
        assert after["predictions"] == before["predictions"]
        places = platform.home.glob(f"environments/*/lib/python*/site-packages/{MOVING}-*")
        assert [place.name for place in places] == [f"{MOVING}-{OLD}.dist-info"]
    finally:
        platform.down()
