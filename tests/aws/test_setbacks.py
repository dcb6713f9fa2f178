"""Setbacks on AWS: a build that fails and is tried again, jobs that are cancelled, a cron line.

On a deployed stage of its own, through the API and the commands that people have.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aws.loop_steps import (
    change_policy,
    label_yesterday,
    live_version,
    make_key,
    run_command,
    turn_clock,
)
from emulators.deployment import Deployment
from emulators.permissions import Roles
from models import TRAIN, pack_trainable_iris

NAME = "patient"
VERSION = f"/api/v1/services/{NAME}/versions/1"
RETRAININGS = f"/api/v1/services/{NAME}/retrainings"
#: Without the original rows it takes longer than anybody waits.
SLOW_ALONE = TRAIN.replace(
    "    model = ",
    """
    if len(data) <= 150:
        print("waiting", flush=True)
        __import__("time").sleep(600)
    model = """,
)


@pytest.fixture(scope="module")
def failed(deployment: Deployment, owner: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `scienceops push --wait` says of a version whose build found no machine."""
    folder = tmp_path_factory.mktemp("package")
    package = pack_trainable_iris(folder, NAME, SLOW_ALONE)
    deployment.stand_ins.codebuild.breaks = True
    try:
        pushed = run_command(deployment, folder, "push", package, "--wait")
    finally:
        deployment.stand_ins.codebuild.breaks = False
    assert pushed.returncode == 1, pushed.stdout + pushed.stderr
    return pushed.stderr


@pytest.fixture(scope="module")
def live(deployment: Deployment, owner: str, failed: str) -> str:
    """An API key of the service, whose version went live at the second attempt."""
    again = deployment.request("POST", f"{VERSION}/retry", {}, key=owner)
    assert again.status == 200, again.body
    deployment.wait("a live version", lambda: live_version(deployment, NAME, owner) == 1, 180)
    return make_key(deployment, NAME, owner)


@pytest.fixture(scope="module")
def labelled_day(deployment: Deployment, live: str, owner: str) -> str:
    return label_yesterday(deployment, NAME, live, owner)


@pytest.fixture
def no_room(deployment: Deployment) -> Iterator[None]:
    """EMR Serverless starts no job meanwhile."""
    room = deployment.stand_ins.emr.room
    room.clear()
    yield
    room.set()


def begin(deployment: Deployment, owner: str, day: str) -> int:
    selection = {"since": day, "until": day, "keep_original": 0}
    begun = deployment.request("POST", RETRAININGS, {"selection": selection}, key=owner)
    assert begun.status == 200, begun.body
    return int(begun.json()["number"])


def look(deployment: Deployment, owner: str, number: int) -> dict[str, Any]:
    told: dict[str, Any] = deployment.request("GET", f"{RETRAININGS}/{number}", key=owner).json()
    return told


def history(deployment: Deployment, owner: str) -> list[dict[str, Any]]:
    told = deployment.request("GET", f"/api/v1/services/{NAME}/history", key=owner)
    assert told.status == 200, told.body
    return list(told.json()["entries"])


def test_a_build_that_fails_is_told_with_its_reason_and_the_next_step(failed: str):
    assert "UNABLE_TO_PULL_IMAGE" in failed
    assert f"scienceops retry {NAME} 1" in failed


def test_a_version_that_failed_goes_live_when_it_is_tried_again(
    deployment: Deployment, owner: str, live: str, tmp_path: Path
):
    done = [entry["action"] for entry in history(deployment, owner)]
    assert done.index("version failed") < done.index("version retried")
    assert done.index("version retried") < done.index("version made live")
    status = run_command(deployment, tmp_path, "status")
    assert status.returncode == 0, status.stderr
    assert status.stdout.startswith("on aws:")
    assert NAME in status.stdout


def test_a_training_that_is_cancelled_ends_its_task_and_stays_cancelled(
    deployment: Deployment, owner: str, live: str, labelled_day: str, jobs: None
):
    number = begin(deployment, owner, labelled_day)
    deployment.wait("a training", lambda: "waiting" in look(deployment, owner, number)["log"])
    ended = deployment.request("POST", f"{RETRAININGS}/{number}/end", {"comment": "no"}, key=owner)
    assert (ended.status, ended.json()["state"]) == (200, "cancelled"), ended.body
    tasks = list(deployment.stand_ins.ecs.tasks.values())
    [training] = [task for task in tasks if task.role.endswith("-training")]
    deployment.wait("the end of the task", lambda: training.process.poll() is not None, 30)
    turn_clock(deployment)
    found = look(deployment, owner, number)
    assert (found["state"], found["reason"]) == ("cancelled", "cancelled by owner")


def test_a_selection_that_is_cancelled_by_command_ends_its_run(
    deployment: Deployment, owner: str, labelled_day: str, no_room: None, tmp_path: Path
):
    number = begin(deployment, owner, labelled_day)
    job = deployment.wait("a run", lambda: look(deployment, owner, number)["job_id"])
    ended = run_command(deployment, tmp_path, "retrain", NAME, "--cancel", str(number))
    assert ended.returncode == 0, ended.stderr
    assert f"retraining {number} is cancelled" in ended.stdout
    # Beside it there may be a run of the clock's, which waits for room as well.
    runs = list(deployment.stand_ins.emr.runs.values())
    [run] = [run for run in runs if run.order["name"] == job]
    assert run.facts["state"] == "CANCELLED"


def test_a_cron_line_starts_a_retraining_whose_candidate_is_compared(
    deployment: Deployment, owner: str, labelled_day: str, jobs: None
):
    before = {r["number"] for r in deployment.request("GET", RETRAININGS, key=owner).json()}
    # A line speaks from when it was written: its minute must not begin before that.
    soon = datetime.now(UTC) + timedelta(seconds=90)
    line = f"{soon.minute} {soon.hour} * * *"
    change_policy(deployment, owner, NAME, retrain_cron=line)

    def begun() -> list[dict[str, Any]]:
        found = deployment.request("GET", RETRAININGS, key=owner).json()
        return [told for told in found if told["number"] not in before]

    # Nobody turns the clock: it does so each minute.
    [retraining] = deployment.wait("a retraining by the clock", begun, 180)
    assert retraining["why"] == f"policy retrain_cron = {line}"

    def ended() -> dict[str, Any]:
        told = look(deployment, owner, retraining["number"])
        return told if told["state"] in ("compared", "failed") else {}

    found = deployment.wait("a candidate, compared", ended, 300)
    assert (found["state"], found["version"]) == ("compared", 2), found


def test_everyone_was_allowed_all_that_they_called(deployment: Deployment, live: str):
    roles = Roles(deployment.template)
    refused = {
        (call["caller"], *pair)
        for call in deployment.calls()
        for pair in roles.refused(roles.role_of(call["caller"]), call)
    }
    assert not refused
