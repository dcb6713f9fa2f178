"""The loops of one `up`: what one upload does to its door is no matter of the others."""

import pytest
from support_pack import package_bytes

from functions.local import doors
from functions.local.loops import Loops
from scienceops.bootstrap import build_app
from scienceops.config import load_settings


@pytest.fixture
def app(tmp_path):
    return build_app(load_settings({"SCIENCEOPS_HOME": str(tmp_path)}))


def test_an_upload_that_its_door_fails_at_holds_up_no_other(app, monkeypatch):
    packages = app.settings.home / "bucket" / "packages" / "iris"
    packages.mkdir(parents=True)
    for name in ("a.zip", "b.zip"):
        (packages / name).write_bytes(package_bytes())
    taken = []

    def take(event, _app):
        if event["key"].endswith("a.zip"):
            raise RecursionError("a fault of the door")
        taken.append(event["key"])

    monkeypatch.setattr(doors, "on_model_upload", take)
    loops = Loops(app)
    for _ in range(3):
        loops._look_at_packages()
    assert taken == ["packages/iris/b.zip"]
