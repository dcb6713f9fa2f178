"""`push --wait` succeeds only where the package serves, or may."""

from types import SimpleNamespace

import pytest

from scienceops.cli import push, session
from scienceops.errors import ScienceOpsError


@pytest.fixture
def pushed(tmp_path, monkeypatch):
    """Pushes a package whose version is in a state already."""

    def of(state):
        version = {
            "service": "iris", "version": 3, "state": state, "live": False, "log_tail": [],
            "reason": "ann: too slow", "training_set": "", "job": "",
        }  # fmt: skip
        app = SimpleNamespace(
            settings=SimpleNamespace(cloud="aws", home=tmp_path),
            push=lambda file: {"service": "iris", "key": "packages/iris.zip", "digest": "0"},
            upload=lambda key, digest: {"version": version},
            service=lambda name: {"policy": {"promotion": "manual"}, "live": 2},
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
