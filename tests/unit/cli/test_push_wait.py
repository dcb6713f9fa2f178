"""`push --wait` succeeds only where the package serves, or may."""

from types import SimpleNamespace

import pytest

from scienceops.cli import push, session
from scienceops.errors import ScienceOpsError


@pytest.fixture
def pushed(tmp_path, monkeypatch):
    """Pushes a package whose version is in a state already."""

    def of(state, promotion="manual", live_once_looked_at=2):
        version = {
            "service": "iris", "version": 3, "state": state, "live": False, "log_tail": [],
            "reason": "ann: too slow", "training_set": "", "job": "",
            "deployment": {"reason": ""},
        }  # fmt: skip
        # The version is looked at first, and then the service, which is further on by then.
        looks = iter([version, {**version, "live": True}])
        service = {"policy": {"promotion": promotion}, "live": live_once_looked_at}
        app = SimpleNamespace(
            settings=SimpleNamespace(cloud="aws", home=tmp_path),
            push=lambda file: {"service": "iris", "key": "packages/iris.zip", "digest": "0"},
            upload=lambda key, digest: {"version": next(looks)},
            service=lambda name: service,
        )
        for module in (session, push):
            monkeypatch.setattr(module, "app", lambda: app)
        monkeypatch.setattr(push.BuildLines, "show", lambda self, version: None)
        (tmp_path / "iris.zip").touch()
        words = [str(tmp_path / "iris.zip"), "--wait"]
        return push.push.main(words, standalone_mode=False)

    return of


def test_a_rejected_version_fails_with_its_reason(pushed):
    with pytest.raises(ScienceOpsError, match=r"version 3 of iris.*rejected \(ann: too slow\)"):
        pushed("rejected")


def test_a_proved_one_does_not(pushed):
    assert pushed("proved") is None


def test_one_that_goes_live_while_it_is_looked_at_is_told_as_live(pushed, capsys):
    assert pushed("proved", "auto", live_once_looked_at=3) is None
    assert "version 3 is live" in capsys.readouterr().out


def test_one_that_a_newer_one_overtook_is_not_waited_for(pushed, capsys):
    assert pushed("proved", "auto", live_once_looked_at=4) is None
    assert "version 3 is proved" in capsys.readouterr().out


def test_what_a_start_waits_for_is_told_once_it_takes_long(monkeypatch, capsys):
    whys = ["its task is PENDING", "its task is PENDING", "its model is loaded", ""]
    looks = [
        {"state": "proving", "live": False, "deployment": {"reason": reason}} for reason in whys
    ]
    given = iter([*looks, {**looks[-1], "live": True}])
    app = SimpleNamespace(upload=lambda key, digest: {"version": next(given)})
    monkeypatch.setattr(push, "app", lambda: app)
    monkeypatch.setattr(push, "check_carried_out", lambda kept: None)
    monkeypatch.setattr(push, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(push, "LOOK_SECONDS", 0)
    monkeypatch.setattr(push.BuildLines, "show", lambda self, version: None)
    push.wait_for_version("packages/iris.zip", "0", 10, quiet=False)
    told = capsys.readouterr().out.splitlines()
    assert told == ["  proving", "    its task is PENDING", "    its model is loaded"]
