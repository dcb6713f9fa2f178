"""The loops of one `up`: what they begin with, and that one upload holds up no other."""

from datetime import UTC, datetime

import pytest
from support_pack import package_bytes

from functions.local import doors
from functions.local.loops import Loops
from scienceops.adapters.local.environments import Environments
from scienceops.bootstrap import build_app
from scienceops.config import load_settings
from scienceops.core.versions import Service, Version
from scienceops.usecases.records import Stored, number_key, read_version, save


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


def test_what_an_earlier_release_built_can_be_run_once_the_loops_have_begun(app):
    registry = app.ports.registry
    known = {"digest": "d", "uploaded_at": "", "uploaded_key": "", "state": "proved"}
    manifest = {"python": "3.11", "files": {}}
    version = Version(
        service="iris", number=1, manifest=manifest, image="python:/usr/bin/python3", **known
    )
    for key, value in (("service", Service(name="iris")), (number_key("version", 1), version)):
        save(registry, Stored(value, "iris", key), value, at=datetime.now(UTC))
    loops = Loops(app)
    loops.start()
    loops.stop()
    image = read_version(registry, "iris", 1).value.image
    assert Environments(app.settings.home).is_known(image)
