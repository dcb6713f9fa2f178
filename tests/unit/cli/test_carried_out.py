"""Who takes up what a command asked for: the `up` of this machine, or functions of a cloud."""

import fcntl
import threading
from types import SimpleNamespace

import pytest

from functions.local.home import HomeLock
from scienceops.cli import push, session, status
from scienceops.cli.up import up
from scienceops.errors import BadInput, BadSetting, Unavailable


@pytest.fixture
def on(tmp_path, monkeypatch):
    """Makes commands work on a cloud, from a home where nothing runs."""

    def choose(cloud):
        app = SimpleNamespace(
            settings=SimpleNamespace(cloud=cloud, home=tmp_path),
            services=list,
            rejections=list,
            runs=lambda most: [],
            gone_before=lambda kind: "",
        )
        for module in (session, status, push):
            monkeypatch.setattr(module, "app", lambda: app)
        return app

    return choose


@pytest.fixture
def impatient(monkeypatch):
    """No command waits for an `up` of the line before it."""
    monkeypatch.setattr(session, "STARTED_SECONDS", 0.0)


def test_on_one_machine_it_wants_an_up_and_says_what_is_kept(on, impatient, tmp_path):
    on("local")
    with pytest.raises(Unavailable, match=rf"nothing is running on {tmp_path}: .*; it is kept"):
        session.check_carried_out("it is kept")


def test_an_up_that_was_killed_does_not_count_as_running(on, impatient, tmp_path):
    on("local")
    # It said no good-bye, and all that it held went with its process.
    (tmp_path / session.UP).write_text('{"pid": 1, "url": "http://127.0.0.1:9"}')
    assert status._facts(None)["up"] is None
    with pytest.raises(Unavailable, match="nothing is running"):
        session.check_carried_out()


def test_an_up_that_still_starts_is_waited_for(on, impatient, tmp_path):
    on("local")
    lock = HomeLock(tmp_path)
    assert session.running(tmp_path) == {}
    speaks = threading.Timer(0.3, lock.say, kwargs={"pid": lock.pid, "url": "http://127.0.0.1:9"})
    speaks.start()
    session.check_carried_out()
    assert session.running(tmp_path)["pid"] == lock.pid
    speaks.join()
    lock.release()


def test_an_up_of_the_line_before_is_waited_for(on, tmp_path):
    on("local")
    held = []

    def start():
        held.append(HomeLock(tmp_path))
        held[0].say(pid=1, url="http://127.0.0.1:9")

    begins = threading.Timer(0.3, start)
    begins.start()
    session.check_carried_out()
    begins.join()
    held[0].release()


def test_a_wait_ends_with_the_up_that_carries_it_out(on, impatient, tmp_path):
    version = {"state": "proving", "live": False, "deployment": {"reason": ""}}
    on("local").upload = lambda *_: {"version": version}
    lock = HomeLock(tmp_path)
    lock.say(pid=1, url="http://127.0.0.1:9")
    ends = threading.Timer(0.3, lock.release)
    ends.start()
    with pytest.raises(Unavailable, match=r"nothing is running on .*; the package is uploaded"):
        push.wait_for_version("packages/iris/a.zip", "d", 600, quiet=True)
    ends.join()


def test_a_look_at_a_home_keeps_no_up_from_it(tmp_path):
    HomeLock(tmp_path).release()
    with (tmp_path / session.UP).open() as look:
        fcntl.flock(look, fcntl.LOCK_SH)
        ends = threading.Timer(0.2, lambda: fcntl.flock(look, fcntl.LOCK_UN))
        ends.start()
        HomeLock(tmp_path).release()
        ends.join()


def test_a_package_that_nobody_takes_up_is_told(on, impatient, tmp_path, capsys):
    on("local").push = lambda file: {"service": "iris", "key": f"packages/iris/{file.name}"}
    push.push.callback(tmp_path / "iris.zip", False, 1.0, False)
    out, err = capsys.readouterr()
    assert "follow it with `scienceops status iris`" in out
    assert err.startswith(f"note: nothing is running on {tmp_path}: start it with `scienceops up`")


@pytest.mark.parametrize("cloud", ["aws", "azure"])
def test_in_a_cloud_nothing_has_to_run_here(on, cloud):
    on(cloud)
    session.check_carried_out("it is kept")


def test_what_speaks_to_an_up_says_so_in_a_cloud_even_when_one_runs_here(on, tmp_path):
    on("aws")
    (tmp_path / session.UP).write_text('{"url": "http://127.0.0.1:9"}')
    with pytest.raises(BadInput, match=r"SCIENCEOPS_CLOUD is 'aws'.*call the API of the stage"):
        session.send("/score", b"{}", "key", {})


def test_status_tells_the_cloud_and_nothing_of_this_machine(on, capsys):
    on("aws")
    facts = status._facts(None)
    assert (facts["cloud"], facts["home"], facts["up"]) == ("aws", None, None)
    status._show(facts, as_json=False)
    assert capsys.readouterr().out.startswith("on aws:\n")


@pytest.mark.parametrize("cloud", ["aws", "azure"])
def test_no_platform_of_this_machine_is_started_on_a_cloud(monkeypatch, cloud):
    monkeypatch.setenv("SCIENCEOPS_CLOUD", cloud)
    # The host would take this process over.
    monkeypatch.setattr("os.execv", lambda *_: pytest.fail("it was started"))
    with pytest.raises(BadSetting, match=rf"SCIENCEOPS_CLOUD is '{cloud}'.*Unset"):
        up.callback(port=8400, tls=False, cert=None, key=None)
