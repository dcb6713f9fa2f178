"""Loading the doors on Azure: what the host refuses, and what nobody has to wait for."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from contract.waiting import PATIENCE
from emulators.azure_installation import APP_FOLDER
from emulators.child import ROOT

HOST = json.loads((APP_FOLDER / "host.json").read_text())


def load(folder: Path, source: str) -> "subprocess.CompletedProcess[str]":
    """What the host says of an app, in a process of its own."""
    folder.mkdir()
    (folder / "function_app.py").write_text(source)
    (folder / "host.json").write_text(json.dumps(HOST))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(ROOT / "tests")])}
    command = [sys.executable, "-m", "emulators.functions_host", str(folder), "0", "1"]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60 * PATIENCE, check=False, env=environment
    )


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (
            ('arg_name="message", queue_name="work"', 'arg_name="mesage", queue_name="work"'),
            "on_work",
        ),
        (("timer: func.TimerRequest", "timer: func.QueueMessage"), "on_timer"),
    ],
    ids=["name", "type"],
)
def test_a_binding_that_does_not_fit_its_function_is_refused(
    runtime, tmp_path: Path, broken: tuple[str, str], told: str
) -> None:
    source = (APP_FOLDER / "function_app.py").read_text()
    assert broken[0] in source
    done = load(tmp_path / "app", source.replace(*broken))
    assert done.returncode == 1
    assert f"cannot load the {told} function" in done.stderr


def test_listing_the_doors_loads_nothing_that_a_door_may_not_need(runtime) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import function_app; "
        "print(*[m for m in sys.argv[2:] if m in sys.modules])"
    )
    heavy = ["flask", "numpy", "sqlalchemy", "pydantic", "azure.storage.blob", "azure.identity"]
    done = subprocess.run(
        [sys.executable, "-c", code, str(APP_FOLDER), *heavy, "azure.mgmt", "databricks"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.split() == []
