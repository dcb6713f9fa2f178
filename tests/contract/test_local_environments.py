"""What an image needs is what it runs with, whatever became of the running environment since.

Some of these tests ask the package index.
"""

import importlib.metadata
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from contract.test_local_image_builder import ALWAYS, ISOLATED, RUNNING_PYTHON, words_of
from contract.waiting import PATIENCE, wait_for

from scienceops.adapters.local import build_environment
from scienceops.adapters.local.build_environment import COMPLETE
from scienceops.adapters.local.environments import Environments, is_met
from scienceops.adapters.local.processes import birth_of
from scienceops.errors import BadInput


@pytest.fixture
def environments(tmp_path: Path) -> Environments:
    return Environments(tmp_path / "home", ALWAYS)


def install(folder: Path, version: str) -> None:
    """Let release `version` of package `moving` be what is installed in a folder of the path."""
    for old in folder.glob("*.dist-info"):
        shutil.rmtree(old)
    metadata = folder / f"moving-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: moving\nVersion: {version}\n")


def test_an_image_leaves_the_running_environment_when_that_has_changed(
    environments: Environments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "site", "1.0")
    monkeypatch.syspath_prepend(tmp_path / "site")
    image = environments.keep(RUNNING_PYTHON, ["moving==1.0"])
    assert environments.command(image, ["x"], "")[0] == [sys.executable, "x"]
    install(tmp_path / "site", "2.0")
    command, _ = environments.command(image, ["x"], "")
    assert "scienceops.adapters.local.enter_environment" in command
    assert "an environment with moving==1.0 is being made" in environments.awaited(image)
    # And comes back to it.
    install(tmp_path / "site", "1.0")
    assert environments.command(image, ["x"], "")[0] == [sys.executable, "x"]
    assert not environments.awaited(image)


def test_what_an_image_lacks_is_installed_before_it_runs_and_only_once(
    environments: Environments,
) -> None:
    image = environments.keep(RUNNING_PYTHON, ISOLATED)
    first = words_of(environments, image)
    assert "lacks packaging==24.1" in first[0]
    assert first[-1] == "24.1 None"
    assert words_of(environments, image) == ["24.1 None"]
    assert not environments.awaited(image)


def test_a_list_that_cannot_be_installed_ends_with_the_reason(environments: Environments) -> None:
    image = environments.keep(RUNNING_PYTHON, ["packaging<24"])
    with pytest.raises(subprocess.CalledProcessError) as caught:
        words_of(environments, image)
    assert "failed: install the requirements: No solution" in caught.value.stdout.splitlines()[-1]


def test_what_is_told_to_end_while_it_installs_leaves_no_installer_behind(
    environments: Environments, tmp_path: Path
) -> None:
    image = environments.keep(RUNNING_PYTHON, ISOLATED)
    command, path = environments.command(image, ["-c", ""], os.environ["PYTHONPATH"])
    # In place of uv: says who it is, and takes for ever.
    uv = tmp_path / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600\n")
    uv.chmod(0o755)
    program = "import sys, scienceops.adapters.local.build_environment as b; "
    program += f"b._find_uv = lambda: {str(uv)!r}; "
    program += "from runpy import run_module; run_module(sys.argv.pop(1), run_name='__main__')"
    place = command.index("-m")
    given = [command[0], "-P", "-c", program, *command[place + 1 :]]
    child = subprocess.Popen(given, env={**os.environ, "PYTHONPATH": path})
    pid = int(wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text()))
    child.send_signal(signal.SIGTERM)
    assert child.wait(30 * PATIENCE) == 128 + signal.SIGTERM
    wait_for(lambda: not birth_of(pid))


def test_the_disk_has_all_of_an_environment_before_it_counts_as_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, requirements = tmp_path / "0123", tmp_path / "0123.txt"
    requirements.touch()
    monkeypatch.setattr(
        build_environment, "steps", lambda *_: [("make it", ["mkdir", str(target)])]
    )
    synced: list[tuple[bool, bool]] = []
    monkeypatch.setattr(
        os, "sync", lambda: synced.append((target.is_dir(), (target / COMPLETE).exists()))
    )
    assert build_environment.main(RUNNING_PYTHON, target, requirements) == 0
    assert synced == [(True, False)]
    assert (target / COMPLETE).exists()


@pytest.mark.parametrize("image", ["python:/usr/bin/python", "environment:../x", "environment:"])
def test_what_is_no_image_is_refused_with_the_form_of_one(
    environments: Environments, image: str
) -> None:
    with pytest.raises(BadInput, match="wanted environment:HASH"):
        environments.needs(image)


def test_an_image_whose_list_is_gone_is_refused_with_the_place_of_it(
    environments: Environments, tmp_path: Path
) -> None:
    image = environments.keep(RUNNING_PYTHON, ISOLATED)
    shutil.rmtree(tmp_path / "home" / "needs")
    with pytest.raises(
        BadInput, match=r"home/needs/[0-9a-f]{16}\.txt .*start `scienceops up` anew"
    ):
        environments.needs(image)


def test_the_same_requirements_in_any_order_are_one_image(environments: Environments) -> None:
    lists = (["b", "a"], ["a", "b", "a"])
    assert len({environments.keep(RUNNING_PYTHON, lines) for lines in lists}) == 1


def test_a_requirement_with_an_extra_is_met_only_with_what_the_extra_needs() -> None:
    # requests is there and so is what its extra `socks` needs only when somebody asked for it.
    has_socks = importlib.util.find_spec("socks") is not None
    assert is_met("requests[socks]") is has_socks
    assert is_met("requests")


def test_a_requirement_for_another_system_is_met() -> None:
    assert is_met("no-such-package-at-all; sys_platform == 'nowhere'")
