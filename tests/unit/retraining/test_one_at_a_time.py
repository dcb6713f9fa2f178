"""A retraining that was cancelled leaves no job, and two at once are one."""

import pytest
from retraining_scene import NAME, Scene, StandInJobs

from scienceops.core.retraining import MOVING, RetrainingState
from scienceops.errors import Conflict
from scienceops.ports.job_launcher import JobOrder
from scienceops.usecases import request_retraining as requesting
from scienceops.usecases.request_retraining import (
    end_retraining,
    read_retrainings,
    request_retraining,
    start_proposed,
)

SELECTION = {"since": "2026-11-16", "until": "2026-11-22"}


class SlowJobs(StandInJobs):
    """A stand-in for a job launcher that takes so long that somebody cancels in the meantime."""

    def start(self, order: JobOrder) -> str:
        job_id = super().start(order)
        end_retraining(NAME, 1, "ann", "", self.scene.ports, self.scene.clock)
        return job_id


def test_a_cancel_while_the_job_is_started_ends_it(tmp_path):
    jobs = SlowJobs()
    jobs.scene = scene = Scene(tmp_path / "home", jobs=jobs)
    scene.retraining(state="training")
    while scene.advance() is not None:
        pass
    assert scene.found().state is RetrainingState.CANCELLED
    assert not jobs.running


def test_a_cancel_that_died_before_it_ended_the_job_is_finished_by_the_next_look(scene: Scene):
    scene.retraining(state="training")
    scene.advance()
    assert scene.jobs.running
    scene.retraining(state="cancelled", job_id=scene.found().job_id)
    assert scene.advance() is None
    assert not scene.jobs.running


@pytest.fixture
def proposed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A proposal, and a live version that can be retrained."""
    files = {"train.py": {}, "training_data.parquet": {}}
    manifest = {"files": files, "target": "species", "task": "classification"}
    scene.version(1, manifest=manifest)
    monkeypatch.setattr(requesting, "freeze_order", lambda *_: None)
    scene.retraining(1, state="proposed")
    return scene


def ask(scene: Scene) -> None:
    request_retraining(NAME, SELECTION, "eva", scene.ports, scene.clock)


def start(scene: Scene) -> None:
    start_proposed(NAME, 1, "ann", scene.ports, scene.clock)


def under_way(scene: Scene) -> list[int]:
    found = [stored.value for stored in read_retrainings(NAME, scene.ports)]
    return [retraining.number for retraining in found if retraining.state in MOVING]


@pytest.mark.parametrize(
    ("first", "second", "stays", "left"),
    [(ask, start, 2, {1: "proposed"}), (start, ask, 1, {2: "cancelled"})],
    ids=["the proposal is second", "the proposal is first"],
)
def test_of_two_that_both_saw_none_the_first_goes_on(
    proposed: Scene, monkeypatch: pytest.MonkeyPatch, first, second, stays, left
):
    # The second has looked already when the first is written.
    first(proposed)
    with monkeypatch.context() as patch:
        patch.setattr(requesting, "_check_alone", lambda *_: None)
        with pytest.raises(Conflict, match=f"retraining {stays} of 'iris'"):
            second(proposed)
    assert under_way(proposed) == [stays]
    assert {number: proposed.found(number).state.value for number in left} == left


def test_the_first_goes_on_though_it_sees_the_second(
    proposed: Scene, monkeypatch: pytest.MonkeyPatch
):
    check = requesting._check_first

    def check_late(*asked):
        monkeypatch.setattr(requesting, "_check_first", check)
        with monkeypatch.context() as patch:
            patch.setattr(requesting, "_check_alone", lambda *_: None)
            with pytest.raises(Conflict, match="retraining 1"):
                ask(proposed)
        check(*asked)

    monkeypatch.setattr(requesting, "_check_first", check_late)
    start(proposed)
    assert under_way(proposed) == [1]
