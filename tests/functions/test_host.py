"""A host that cannot start says why and leaves nothing behind; one that is told to stop does."""

import os
import signal
import socket
import subprocess
import sys

import pytest
from contract.waiting import PATIENCE
from platform_process import ROOT, SETTINGS, wait_for
from ports import free_ports


@pytest.fixture
def broken(tmp_path):
    """A folder of modules in which the web server of the gateway cannot be imported."""
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "gunicorn.py").write_text("raise ImportError('no gunicorn for a test')\n")
    return folder


@pytest.fixture
def host(tmp_path):
    """Starts a host on a port; it is killed at the end if it still runs."""
    begun = []

    def start(port, *before):
        paths = [*map(str, before), str(ROOT / "shared"), str(ROOT)]
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SCIENCEOPS_")}
        home = {"SCIENCEOPS_HOME": str(tmp_path / "home"), "PYTHONPATH": os.pathsep.join(paths)}
        with (tmp_path / "said").open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "functions.local.host", "--port", str(port)],
                env={**kept, **SETTINGS, **home},
                stdout=said,
                stderr=said,
                cwd=tmp_path,
            )
        begun.append(process)
        return process

    yield start
    for process in begun:
        process.kill()
        process.wait()


@pytest.fixture
def taken():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.fixture
def free():
    return free_ports(1)[0]


def test_a_gateway_that_does_not_start_ends_the_host_with_its_last_words(
    host, free, broken, tmp_path
):
    assert host(free, broken).wait(40 * PATIENCE) == 1
    said = (tmp_path / "said").read_text()
    assert "Traceback" not in said
    last = said.splitlines()[-1]
    assert last.startswith("scienceops: the web server functions.local.http")
    assert "ImportError: no gunicorn for a test" in last
    assert str(tmp_path / "home" / "logs" / "gateway.log") in last


def test_a_gateway_whose_app_cannot_be_made_does_not_count_as_started(host, free, tmp_path):
    """It listens, and its workers end one after the other."""
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "flask_wtf.py").write_text("raise ImportError('no forms for a test')\n")
    assert host(free, folder).wait(40 * PATIENCE) == 1
    last = (tmp_path / "said").read_text().splitlines()[-1]
    assert "ImportError: no forms for a test" in last


def test_a_port_in_use_is_told_at_once_and_waiting_for_it_ends_when_told_to(host, taken, tmp_path):
    waiting = host(taken)
    wait_for(lambda: f"port {taken}" in (tmp_path / "said").read_text(), what="a word of the port")
    assert waiting.poll() is None
    waiting.send_signal(signal.SIGTERM)
    assert waiting.wait(5 * PATIENCE) == 0


@pytest.mark.parametrize("command", ["status", "up", "demo"])
@pytest.mark.parametrize("place", ["a file", "nowhere"])
def test_a_home_that_cannot_be_one_is_told(command, place, tmp_path):
    (tmp_path / "file").touch()
    home = {"a file": tmp_path / "file", "nowhere": "/proc/x"}[place]
    done = subprocess.run(
        [sys.executable, "-c", "from scienceops.cli.main import main; main()", command],
        env={
            "SCIENCEOPS_HOME": str(home),
            "SCIENCEOPS_ENGINE": "none",
            "PYTHONPATH": f"{ROOT / 'shared'}{os.pathsep}{ROOT}",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60 * PATIENCE,
    )
    assert done.returncode == 1
    [told] = done.stderr.splitlines()
    assert told.startswith(f"scienceops: SCIENCEOPS_HOME={home}: no folder can be made there")


@pytest.mark.parametrize("port", ["0", "-1", "99999"])
def test_a_port_that_is_none_is_wrong_usage(port, tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from scienceops.cli.main import main; main()",
            "up",
            "--port",
            port,
        ],
        env={"SCIENCEOPS_HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "1<=x<=65535" in done.stderr
