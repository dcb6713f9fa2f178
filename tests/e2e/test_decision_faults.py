"""Killed at every step of a retraining and of every decision: one consistent outcome, told once."""

import shutil
from pathlib import Path

import pytest
from killing import run_until_killed
from labelled_week import day, send_day
from models import pack_trainable_iris
from platform_process import Platform, running_platform, wait_for

from scienceops.adapters.local.tasks import Task, TaskState
from scienceops.bootstrap import build_app
from scienceops.config import load_settings

DAY = day(1).isoformat()
#: Little is waited for: nobody calls these services.
HASTE = {"SCIENCEOPS_DRAIN_SECONDS": "0.5", "SCIENCEOPS_TICK_SECONDS": "1"}
STEPS = ("training set frozen", "candidate uploaded", "candidate proved", "candidate compared")
RETRAIN = ["retrain", "iris", "--from", DAY, "--to", DAY]


def copy_home(home: Path, place: Path) -> None:
    """Copy a home once its jobs have ended, which outlive its host: the clock begins one, too."""

    def ended() -> bool:
        jobs = (Task(folder) for folder in (home / "jobs").glob("*"))
        return all(job.outcome().state is not TaskState.RUNNING for job in jobs)

    wait_for(ended, 60, "the end of its jobs")
    shutil.copytree(home, place)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory) -> Path:
    """A home with a live version and a labelled day."""
    home = tmp_path_factory.mktemp("labelled") / "home"
    with running_platform(home) as platform:
        package = pack_trainable_iris(tmp_path_factory.mktemp("p"))
        platform.cli("push", str(package), "--wait")
        send_day(platform, "iris", 1, drifted=True)
    return home


@pytest.fixture(scope="module")
def compared(tmp_path_factory, labelled) -> Path:
    """That home with a candidate that was compared."""
    home = tmp_path_factory.mktemp("compared") / "home"
    copy_home(labelled, home)
    with running_platform(home) as platform:
        platform.cli(*RETRAIN, "--wait")
    return home


@pytest.fixture
def copy_of(tmp_path):
    platforms = []

    def copy_of(home: Path) -> Platform:
        copy_home(home, tmp_path / "home")
        platforms.append(Platform(tmp_path / "home", **HASTE))
        return platforms[0]

    yield copy_of
    for platform in platforms:
        platform.down()


def actions(platform):
    """The ledger of a platform, whether it runs or not."""
    return [entry["action"] for entry in app_of(platform).history("iris")]


def rests_with(platform, live, running):
    """Wait until this version is live, and those and no others run."""

    def rests():
        service = platform.request("GET", "/api/v1/services/iris")[2]
        versions = service["versions"]
        ready = {v["version"] for v in versions if v["deployment"]["observed"] == "ready"}
        return (service["live"], service["promotion"], ready) == (live, None, running)

    wait_for(rests, 60, f"version {live} to be live, and {running} to run")


def app_of(platform):
    """The use cases on the home of a platform, in this process."""
    return build_app(load_settings({"SCIENCEOPS_HOME": str(platform.home)}))


@pytest.mark.parametrize(
    ("when", "steps"),
    [("before", STEPS), ("after", (STEPS[0], STEPS[-1]))],
)
def test_a_host_killed_at_every_step_of_a_retraining_goes_on(copy_of, labelled, when, steps):
    platform = copy_of(labelled)
    platform.cli(*RETRAIN)
    for action in steps:
        # It gets to each step from where the last one was killed.
        run_until_killed(platform, when, action, "host", str(platform.port))
    platform.up()

    def compared():
        path = "/api/v1/services/iris/retrainings/1"
        return platform.request("GET", path)[2]["state"] == "compared"

    wait_for(compared, 90, "the comparison")
    told = actions(platform)
    assert [told.count(step) for step in STEPS] == [1, 1, 1, 1]
    assert told.count("version uploaded") == 2
    rests_with(platform, 1, {1, 2})


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_host_killed_while_it_makes_a_version_live_does_it_once(copy_of, compared, when):
    platform = copy_of(compared)
    app_of(platform).decisions.approve("iris", 2, "eva", "better")
    run_until_killed(platform, when, "version made live", "host", str(platform.port))
    platform.up()
    rests_with(platform, 2, {2})
    assert actions(platform).count("version made live") == 2


DECISIONS = {
    "retraining asked for": RETRAIN,
    "version approved": ["approve", "iris", "2", "--comment", "x"],
    "version rejected": ["reject", "iris", "2", "--comment", "x"],
    "traffic changed": ["traffic", "iris", "1=1", "2=1"],
    "data flagged": ["flag", "iris", "wrong", "--from", DAY],
    "policy changed": ["policy", "iris", "set", "margin=0.1"],
}


@pytest.mark.parametrize("action", DECISIONS)
def test_a_command_killed_before_its_decision_changed_nothing(copy_of, compared, action):
    platform = copy_of(compared)
    before = app_of(platform).history("iris"), app_of(platform).service("iris")
    run_until_killed(platform, "before", action, "cli", *DECISIONS[action])
    assert (app_of(platform).history("iris"), app_of(platform).service("iris")) == before


@pytest.mark.parametrize(
    ("action", "live", "running"),
    [
        ("retraining asked for", 1, {1, 2, 3}),
        ("version approved", 2, {2}),
        ("version rejected", 1, {1}),
        ("traffic changed", 1, {1, 2}),
    ],
)
def test_a_command_killed_after_its_decision_has_made_it(copy_of, compared, action, live, running):
    platform = copy_of(compared)
    before = actions(platform).count(action)
    run_until_killed(platform, "after", action, "cli", *DECISIONS[action])
    platform.up()
    rests_with(platform, live, running)
    assert actions(platform).count(action) == before + 1


def test_a_rollback_killed_after_it_was_asked_for_is_carried_out(copy_of, compared):
    platform = copy_of(compared)
    platform.up()
    platform.cli("approve", "iris", "2", "--comment", "x")
    platform.down()
    run_until_killed(platform, "after", "rollback asked for", "cli", "rollback", "iris")
    platform.up()
    rests_with(platform, 1, {1})
    told = actions(platform)
    assert (told.count("rollback asked for"), told.count("version made live")) == (1, 3)
