"""The doctor tells of messages that were set aside, and what to do about them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scienceops.adapters.local.message_queue import SqliteMessageQueue
from scienceops.core.messages import (
    ALERTS,
    CAPTURES,
    WORK,
    AdvanceRetraining,
    AdvanceVersion,
    FollowRun,
    SendAlert,
)
from scienceops.doctor.queues import check_queue, check_queues
from scienceops.ports.message_queue import MAX_ATTEMPTS


class Scene:
    def __init__(self, home: Path) -> None:
        self.now = 0.0
        self.queue = SqliteMessageQueue(home / "platform.db", lambda: self.now)

    def set_aside(self, name: str, body: Mapping[str, Any]) -> None:
        self.queue.send(name, body)
        for _ in range(MAX_ATTEMPTS + 1):
            self.queue.receive(name)
            self.now += 100


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setenv("SCIENCEOPS_HOME", str(tmp_path))
    return Scene(tmp_path)


def test_queues_that_set_nothing_aside_are_well(scene: Scene) -> None:
    scene.queue.send(WORK, FollowRun(run=1).to_body())
    checks = check_queues()
    assert [check.name for check in checks] == ["queue work", "queue captures", "queue alerts"]
    assert {check.state for check in checks} == {"ok"}


def test_each_message_that_was_set_aside_has_its_next_step_the_newest_first(scene: Scene) -> None:
    for body in (
        AdvanceVersion(service="iris", version=2).to_body(),
        FollowRun(run=7).to_body(),
        AdvanceRetraining(service="iris", number=3).to_body(),
        AdvanceRetraining(service="iris", number=4).to_body(),
    ):
        scene.set_aside(WORK, body)
    check = check_queue(WORK, scene.queue)
    assert check.state == "optional"
    assert check.found == "4 messages were set aside, every attempt at which failed"
    steps = check.fix.split("; ")
    assert steps[0] == "scienceops status iris, then scienceops retrain iris if it failed"
    assert steps[1] == "scienceops status says how run 7 stands"
    assert "scienceops retry iris 2" in check.fix


def test_alerts_captures_and_what_nobody_understands_have_steps_of_their_own(scene: Scene) -> None:
    scene.set_aside(ALERTS, SendAlert(service="iris", rule="drift", sequence=1).to_body())
    scene.set_aside(WORK, {"service": "iris"})
    found = {check.name: check for check in check_queues()}
    assert found["queue alerts"].found.startswith("1 message was set aside")
    assert found["queue alerts"].fix == "scienceops alerts iris; then scienceops messages --forget"
    assert "cannot be understood" in found["queue work"].fix
    assert found[f"queue {CAPTURES}"].state == "ok"


def test_a_home_that_is_not_there_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCIENCEOPS_HOME", str(tmp_path / "home"))
    assert check_queues() == []
    assert list(tmp_path.iterdir()) == []


def test_queues_that_cannot_be_read_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCIENCEOPS_CLOUD", "azure")
    [check] = check_queues()
    assert (check.name, check.state) == ("queues", "missing")
    assert "SCIENCEOPS_AZURE_STORAGE_ACCOUNT" in check.found
