"""Each kind of garbage is found when it is of no more use, and only then; what is found goes."""

import fcntl
import os
import sys
import time
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner
from contract.waiting import wait_for

from scienceops.adapters.local.build_environment import COMPLETE
from scienceops.adapters.local.environments import Environments
from scienceops.adapters.local.image_builder import EnvironmentImageBuilder
from scienceops.adapters.local.tasks import Task, TaskState
from scienceops.bootstrap import build_app, connect_disk
from scienceops.cli.gc import gc
from scienceops.config import load_settings
from scienceops.core.names import Partition
from scienceops.core.versions import Deployment, Service, StatisticsRun, Version
from scienceops.ports.image_builder import BuildOrder, BuildState
from scienceops.usecases.records import STATISTICS, Stored, number_key, save

MONTH = timedelta(days=30)
PACKAGE = b"the bytes of a package"
DIGEST = sha256(PACKAGE).hexdigest()


class Scene:
    """A service on the local adapters, and what lies around it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.app = build_app(load_settings({"SCIENCEOPS_HOME": str(home)}))
        self.ports = self.app.ports
        self.disk = connect_disk(self.app.settings)
        environments = Environments(home)
        self.image = environments.keep("3.11", ["no-such-package"])
        self.hash = environments.folder(environments.needs(self.image)).name
        self.environment = f"environments/{self.hash}"
        self.put("service", Service(name="iris", live=1))

    def put(self, key, value, partition="iris"):
        found = self.ports.registry.get(partition, key)
        revision = found.revision if found else 0
        save(self.ports.registry, Stored(value, partition, key, revision), value, at=NOW())

    def version(self, number=1, state="proved", image="", digest=DIGEST, build_id=""):
        version = Version(
            service="iris",
            number=number,
            digest=digest,
            state=state,
            uploaded_at="2026-11-01T00:00:00.000Z",
            uploaded_key="packages/iris/a.zip",
            manifest={},
            image=image,
            build_id=build_id,
        )
        self.put(number_key("version", number), version)

    def deployment(self, desired, observed):
        key = number_key("deployment", 1)
        value = Deployment(service="iris", version=1, desired=desired, observed=observed)
        self.put(key, value)

    def run(self, number, state):
        run = StatisticsRun(
            number=number, state=state, engine="inline", requested_at="x", requested_by="ann"
        )
        self.put(number_key("run", number), run, STATISTICS)

    def object(self, key, data=b"x", days_old=0.0):
        self.ports.objects.put(key, data)
        age(self.home / "bucket" / key, days_old)

    def folder(self, place, days_old=40.0, **files):
        folder = self.home / place
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_text(content)
        age(folder, days_old)
        return folder

    def log(self, name, days_old=40.0):
        (self.home / "logs").mkdir(exist_ok=True)
        (self.home / "logs" / name).write_text("words")
        age(self.home / "logs" / name, days_old)

    def find(self, older_than=MONTH):
        on_disk = self.disk.find(self.app.upkeep.in_use(), NOW(), older_than)
        return [*self.app.upkeep.find_garbage(older_than), *on_disk]

    def names(self, older_than=MONTH):
        return [item.name for item in self.find(older_than)]

    def delete_all(self):
        for item in self.find():
            in_bucket = item.kind in ("upload", "run manifest")
            assert self.app.upkeep.delete_garbage(item) if in_bucket else self.disk.delete(item)


def NOW():  # noqa: N802  # It reads as the constant that it almost is.
    return datetime.now(UTC)


def age(path, days):
    at = time.time() - days * 86400
    for one in [*path.rglob("*"), path] if path.is_dir() else [path]:
        os.utime(one, (at, at))


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path / "home")


def test_an_upload_that_is_a_version_can_go_and_others_stay(scene):
    scene.version()
    scene.object("versions/iris/1/package.zip", PACKAGE)
    scene.object("packages/iris/a.zip", PACKAGE)
    scene.object("packages/iris/copy.zip", PACKAGE)
    scene.object("packages/iris/same-size.zip", PACKAGE[::-1])
    scene.object("packages/iris/other.zip", b"another package")
    scene.object("packages/tulips/a.zip", PACKAGE)
    found = scene.find()
    assert [item.name for item in found] == ["packages/iris/a.zip", "packages/iris/copy.zip"]
    assert sum(item.size_bytes for item in found) == 2 * len(PACKAGE)
    assert "versions/iris/1/" in found[0].why


def test_an_upload_whose_copy_was_not_made_yet_stays(scene):
    scene.version()
    scene.object("packages/iris/a.zip", PACKAGE)
    assert scene.names() == []


def test_an_upload_that_was_replaced_after_it_was_found_stays(scene):
    scene.version()
    scene.object("versions/iris/1/package.zip", PACKAGE)
    scene.object("packages/iris/a.zip", PACKAGE)
    (item,) = scene.find()
    scene.object("packages/iris/a.zip", b"a newer package")
    assert not scene.app.upkeep.delete_garbage(item)
    assert scene.ports.objects.get("packages/iris/a.zip") == b"a newer package"


def test_manifests_of_old_runs_that_show_nothing_can_go(scene):
    for number, state in ((1, "succeeded"), (2, "succeeded"), (3, "failing"), (4, "succeeded")):
        scene.run(number, state)
        for ending in ("json", "result.json"):
            days_old = 5 if number == 4 else 40
            scene.object(f"statistics/runs/run-{number:09d}.{ending}", days_old=days_old)
    scene.object("statistics/runs/notes.json", days_old=40)
    scene.ports.statistics.publish(2, Partition("iris", 1, date(2026, 11, 1)))
    assert scene.names() == [
        "statistics/runs/run-000000001.json",
        "statistics/runs/run-000000001.result.json",
    ]


def test_an_environment_of_a_rejected_version_can_go(scene):
    scene.folder(scene.environment, python="binary")
    scene.version(state="rejected", image=scene.image)
    (item,) = scene.find()
    assert (item.kind, item.name) == ("environment", scene.environment)
    assert item.size_bytes >= 4096


@pytest.mark.parametrize("state", ["uploaded", "built", "proved", "failed"])
def test_an_environment_of_any_other_version_stays(scene, state):
    scene.folder(scene.environment)
    scene.version(state=state, image=scene.image)
    assert scene.names() == []


def test_an_environment_that_is_being_built_stays(scene):
    scene.folder(scene.environment)
    scene.folder("builds/iris-1", image=scene.image)
    scene.version(state="building", build_id="iris-1")
    assert scene.names() == []


def test_an_environment_of_a_build_that_nobody_has_recorded_yet_stays(scene):
    scene.folder(scene.environment)
    scene.folder("builds/iris-1", days_old=0, image=scene.image)
    assert scene.names(timedelta()) == []


def test_an_environment_of_a_rejected_version_that_still_answers_stays(scene):
    scene.folder(scene.environment)
    scene.version(state="rejected", image=scene.image)
    scene.deployment("stopped", "ready")
    assert scene.names() == []


def test_an_environment_that_somebody_builds_just_now_is_not_deleted(scene):
    folder = scene.folder(scene.environment)
    (item,) = scene.find()
    with folder.with_name(f"{scene.hash}.lock").open("wb") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        assert not scene.disk.delete(item)
    assert scene.disk.delete(item)
    assert not folder.exists()


def test_an_environment_that_a_build_has_taken_since_it_was_found_is_not_deleted(scene):
    scene.folder(scene.environment, **{COMPLETE: ""})
    (item,) = scene.find()
    builder = EnvironmentImageBuilder(scene.home, scene.app.settings)
    needs = ("no-such-package",)
    build_id = builder.start(BuildOrder("iris-1", "iris", 1, "p.zip", DIGEST, needs, "3.11"))
    assert not scene.disk.delete(item)
    assert builder.status(build_id).state is BuildState.SUCCEEDED


def test_an_environment_in_which_a_job_runs_stays(scene):
    folder = scene.folder(f"{scene.environment}/bin")
    python = folder / "python"
    python.symlink_to(sys.executable)
    task = Task(scene.home / "jobs" / "train-1")
    wait = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.05)"
    task.start([str(python), "-c", wait], 60, dict(os.environ))
    try:
        assert scene.names(timedelta()) == []
    finally:
        (scene.home / "jobs" / "train-1" / "go").touch()
        wait_for(lambda: task.outcome().state is not TaskState.RUNNING)
    assert scene.names(timedelta()) == [scene.environment]


def test_links_to_our_own_packages_stay(scene):
    scene.folder(f"environments/source-{scene.hash}")
    assert scene.names() == []


@pytest.mark.parametrize("place", ["builds", "jobs"])
def test_folders_of_work_that_ended_long_ago_can_go(scene, place):
    scene.folder(f"{place}/old", log="words")
    scene.folder(f"{place}/new", days_old=20, log="words")
    assert scene.names() == [f"{place}/old"]
    assert scene.names(timedelta(days=10)) == [f"{place}/new", f"{place}/old"]


def test_a_build_that_a_version_waits_for_stays(scene):
    scene.folder("builds/iris-1", log="words")
    scene.version(state="building", build_id="iris-1")
    assert scene.names() == []


def test_a_job_of_a_run_that_is_still_tried_stays(scene):
    scene.folder("jobs/run-000000003-1", log="words")
    scene.folder("jobs/run-000000003-2", log="words")
    scene.run(3, "failing")
    assert scene.names() == []
    scene.run(3, "succeeded")
    assert len(scene.names()) == 2


def test_logs_of_what_no_longer_runs_can_go(scene):
    scene.version()
    for name in ("iris-1.log", "iris-1.old.log", "iris-2.log", "gateway.log", "notes.txt"):
        scene.log(name)
    scene.log("iris-3.log", days_old=3)
    scene.deployment("running", "ready")
    assert scene.names() == ["logs/iris-1.old.log", "logs/iris-2.log"]


def test_what_an_interrupted_deletion_left_can_go(scene):
    scene.folder("environments/.gone-1", days_old=0, python="binary")
    assert [item.kind for item in scene.find()] == ["leftover"]


def test_a_second_look_after_deleting_finds_nothing_and_the_rest_is_untouched(scene):
    scene.version(state="rejected", image=scene.image)
    scene.object("versions/iris/1/package.zip", PACKAGE, days_old=400)
    scene.object("packages/iris/a.zip", PACKAGE)
    scene.object("captures/iris/1/date=2025-01-01/a-00000001.parquet", days_old=400)
    scene.object("labels/iris/date=2025-01-01/a.jsonl", days_old=400)
    scene.object("training_sets/iris/a.parquet", days_old=400)
    kept = [i.key for i in scene.ports.objects.scan("") if not i.key.startswith("packages/")]
    scene.run(1, "succeeded")
    scene.object("statistics/runs/run-000000001.json", days_old=40)
    scene.folder(scene.environment, python="binary")
    scene.folder("builds/old", log="words")
    scene.folder("jobs/old", log="words")
    scene.folder("jobs/.gone-1", log="words")
    scene.log("iris-1.log")
    kinds = {item.kind for item in scene.find()}
    assert kinds == {"upload", "run manifest", "environment", "build", "job", "log", "leftover"}
    scene.delete_all()
    assert scene.find() == []
    assert [i.key for i in scene.ports.objects.scan("")] == kept
    assert list((scene.home / "jobs").iterdir()) == []


def test_images_that_could_not_be_looked_at_are_told_where_there_may_be_some(tmp_path, monkeypatch):
    monkeypatch.setenv("SCIENCEOPS_ENGINE", "none")
    monkeypatch.setenv("SCIENCEOPS_HOME", str(tmp_path))
    told = CliRunner().invoke(gc, [])
    assert (told.stdout, told.stderr) == ("nothing to delete\n", "")
    (tmp_path / "images").mkdir()
    told = CliRunner().invoke(gc, [])
    assert told.exit_code == 0
    assert "were not looked at: SCIENCEOPS_ENGINE=none" in told.stderr
    assert "DOCKER_HOST=unix://PATH" in told.stderr
