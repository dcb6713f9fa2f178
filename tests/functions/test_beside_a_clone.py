"""In the folder that holds a clone, called `scienceops`, everything is found all the same."""

import os
import subprocess
import sys

import pytest
from contract.waiting import PATIENCE
from platform_process import SETTINGS


@pytest.fixture
def beside(tmp_path):
    """A folder with one called as a package of ours is, and one called as our doors' is."""
    (tmp_path / "room" / "scienceops").mkdir(parents=True)
    (tmp_path / "room" / "functions.py").touch()
    return tmp_path / "room"


def run(words, folder):
    """What Python, as it is installed, does in a folder."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SCIENCEOPS_", "PYTHON"))}
    return subprocess.run(
        [sys.executable, *words],
        env={**kept, **SETTINGS, "SCIENCEOPS_HOME": str(folder / "home")},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60 * PATIENCE,
    )


def test_the_package_is_imported(beside):
    done = run(["-c", "from scienceops import pack"], beside)
    assert done.returncode == 0, (
        done.stderr + "is .venv older than the Makefile? `make .venv/ready`"
    )


def test_up_finds_its_host(beside):
    # It has come to the host when it is the home that is refused.
    (beside / "home").touch()
    program = "import sys; sys.path.pop(0); from scienceops.cli.main import main; main()"
    done = run(["-c", program, "up"], beside)
    assert "no folder can be made there" in done.stderr
