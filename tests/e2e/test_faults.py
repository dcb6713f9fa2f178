"""Faults: killed at every step, told twice, told in reverse, no room: one consistent outcome."""

import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest
from killing import run_until_killed
from models import iris_rows, pack_iris
from platform_process import Platform, running_platform, wait_for

ACTIONS = [
    "service created",
    "version uploaded",
    "build started",
    "version built",
    "deployment wanted",
    "service started",
    "version proved",
    "version made live",
]


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    return pack_iris(tmp_path_factory.mktemp("package"))


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_host_killed_at_every_step_goes_on_when_started_again(tmp_path, package, when):
    platform = Platform(tmp_path / "home")
    platform.cli("push", str(package))
    for action in ACTIONS:
        # It gets to each step from where the last one was killed.
        run_until_killed(platform, when, action, "host", str(platform.port))
    try:
        platform.up()
        wait_for(lambda: platform.live("iris") == 1, 40, "version 1")
        assert wait_for(
            lambda: platform.score("iris", iris_rows()[:1], platform.owner_token())[0] == 200, 20
        )
        history = [e["action"] for e in platform.json("history", "iris")["entries"]]
        once = ("version uploaded", "version built", "version proved", "version made live")
        assert [history.count(step) for step in once] == [1, 1, 1, 1]
    finally:
        platform.down()


def test_events_three_times_and_in_reverse_make_one_version_each(tmp_path, package):
    """Doors are called in process; the scorer and builder behind them are the real ones."""
    from functions.local import doors
    from scienceops.bootstrap import build_app
    from scienceops.config import load_settings

    settings = load_settings({"SCIENCEOPS_HOME": str(tmp_path / "home")})
    app = build_app(settings)
    second = pack_iris(tmp_path, strength=0.5)
    keys = [app.push(path)["key"] for path in (package, second)]
    for key in [*reversed(keys), *keys, *keys]:
        doors.on_model_upload({"key": key}, app)
    messages = []
    while batch := app.receive_work():
        messages += batch
    assert len(messages) == 6
    try:

        def rest():
            for delivery in reversed(messages):
                doors.on_work(delivery, app)
            messages[:] = app.receive_work()
            states = [v["state"] for v in app.service("iris")["versions"]]
            return states == ["proved", "proved"] and not messages

        wait_for(rest, 60, "both versions to be proved")
        service = app.service("iris")
        assert [v["version"] for v in service["versions"]] == [2, 1]
        assert service["live"] == 2
        actions = [e["action"] for e in app.history("iris")]
        assert actions.count("version uploaded") == 2
        assert actions.count("version proved") == 2
    finally:
        for status in app.ports.runtime.deployments():
            app.ports.runtime.stop(status.service, status.version)
        wait_for(lambda: not app.ports.runtime.is_draining(), 30, "the scorers to end")


def test_a_killed_scorer_loses_no_acknowledged_row_and_comes_back(tmp_path, package):
    with running_platform(tmp_path / "home") as platform:
        platform.cli("push", str(package), "--wait")
        token = platform.owner_token()
        acknowledged: list[tuple[str, int]] = []
        done = threading.Event()

        def load():
            while not done.is_set():
                status, _, answer = platform.score("iris", iris_rows()[:3], token)
                if status == 200:
                    acknowledged.extend((answer["request_id"], row) for row in range(3))

        clients = [threading.Thread(target=load) for _ in range(4)]
        for client in clients:
            client.start()
        for _ in range(3):
            before = len(acknowledged)
            wait_for(lambda: len(acknowledged) > before + 300, 40, "load")  # noqa: B023  # Used at once.
            facts = next((platform.home / "run").glob("iris-1.json")).read_text()
            import json

            os.killpg(json.loads(facts)["pid"], signal.SIGKILL)
            wait_for(
                lambda: platform.score("iris", iris_rows()[:1], token)[0] == 200, 40, "it back"
            )
        done.set()
        for client in clients:
            client.join()

        def captured():
            found = [(r["request_id"], r["row"]) for r in platform.captured("iris")]
            assert len(found) == len(set(found))
            return set(found) >= set(acknowledged)

        wait_for(captured, 30, f"all of {len(acknowledged)} acknowledged rows")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_refuses_clearly_and_loses_nothing(tmp_path, package):
    home = tmp_path / "home"
    spool = home / "spool"
    spool.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(spool)], check=False
    )
    assert mounted.returncode == 0, "this machine's root may not mount"
    try:
        with running_platform(home, SCIENCEOPS_SEGMENT_SECONDS="600") as platform:
            platform.cli("push", str(package), "--wait")
            token = platform.owner_token()
            acknowledged = set()

            def refused():
                status, headers, answer = platform.score("iris", iris_rows()[:20], token)
                if status == 200:
                    acknowledged.add(answer["request_id"])
                    return None
                return status, headers, answer

            status, headers, problem = wait_for(refused, 30, "the disk to be full")
            assert (status, problem["title"]) == (503, "CaptureUnavailable")
            assert int(headers["Retry-After"]) > 0
            assert acknowledged
            subprocess.run(["mount", "-o", "remount,size=4m", str(spool)], check=True)
            assert refused() is None
        assert {r["request_id"] for r in platform.captured("iris")} == acknowledged
    finally:
        subprocess.run(["umount", "-l", str(spool)], check=True)
