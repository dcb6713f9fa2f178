"""`scienceops train --docker`: a project trained in the image that a retraining runs in."""

import json

import pytest
from platform_process import Platform


@pytest.fixture(scope="module")
def project(laboratory, tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    machine = Platform(folder / "home", **laboratory.environment)
    machine.cli("init", "iris", "--folder", str(folder))
    return machine, folder / "iris"


def test_a_project_is_trained_and_packed(project):
    machine, folder = project
    told = machine.json("train", "--docker", "--project", str(folder))
    assert told["rows"] == 150
    assert told["metrics"]["accuracy"] > 0.9
    owned = folder.stat()
    for path in (folder / "build").iterdir():
        assert (path.stat().st_uid, path.stat().st_gid) == (owned.st_uid, owned.st_gid)
    packed = machine.json("pack", "--project", str(folder), "--out", str(folder.parent))
    assert packed["name"] == "iris"


def test_a_training_that_fails_says_why(project):
    machine, folder = project
    script = folder / "train.py"
    good = script.read_text()
    script.write_text(good + "\nraise SystemError('no rows today')\n")
    try:
        done = machine.cli("train", "--docker", "--project", str(folder), check=False)
        assert done.returncode == 1
        assert "no rows today" in done.stdout
    finally:
        script.write_text(good)


def test_without_an_engine_it_says_so(project):
    machine, folder = project
    other = Platform(folder.parent / "other", SCIENCEOPS_ENGINE="none")
    done = other.cli("train", "--docker", "--project", str(folder), check=False)
    assert done.returncode == 4
    assert "--docker needs a container engine" in done.stderr
    assert json.loads((folder / "build" / "result.json").read_text())["rows"] == 150
    assert machine.home != other.home
