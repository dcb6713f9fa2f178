"""A retraining that was cancelled leaves no job, and two at once are one."""

import pytest
from retraining_scene import NAME, Scene, StandInJobs

from scienceops.core.retraining import MOVING, RetrainingState
from scienceops.errors import Conflict
from scienceops.ports.job_launcher import JobOrder
from scienceops.usecases import request_retraining as requesting
from scienceops.usecases.advance_retraining import fail_retraining
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
        if self.scene.found().state is not RetrainingState.CANCELLED:
            end_retraining(NAME, 1, "ann", "", self.scene.ports, self.scene.clock)
        return job_id


class Died(Exception):
    """Of a worker, where it stood."""


class DeadlyJobs(StandInJobs):
    """A stand-in for a job launcher whose caller dies as soon as the job runs, once."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: list[JobOrder] = []

    def start(self, order: JobOrder) -> str:
        self.orders.append(order)
        job_id = super().start(order)
        if len(self.orders) == 1:
            raise Died
        return job_id


@pytest.fixture
def half_begun(tmp_path) -> Scene:
    """A comparison whose job runs, and whose worker died before it could note so."""
    scene = Scene(tmp_path / "home", jobs=DeadlyJobs())
    scene.version(2)
    scene.retraining(state="comparing", version=2)
    scene.advance()
    with pytest.raises(Died):
        scene.advance()
    assert scene.jobs.running
    assert not scene.found().job_id
    return scene


def test_a_job_whose_worker_died_is_found_again_by_the_very_same_order(half_begun: Scene):
    half_begun.version(3)
    half_begun.service(live=3)
    half_begun.advance()
    assert half_begun.found().job_id in half_begun.jobs.running
    assert isinstance(half_begun.jobs, DeadlyJobs)
    first, again = half_begun.jobs.orders
    assert first == again


def test_a_job_whose_worker_died_is_ended_by_whoever_cancels(half_begun: Scene):
    end_retraining(NAME, 1, "ann", "", half_begun.ports, half_begun.clock)
    assert not half_begun.jobs.running


def test_a_job_whose_worker_died_is_ended_by_the_next_look_after_a_cancel(half_begun: Scene):
    beginning = half_begun.found().beginning
    half_begun.retraining(state="cancelled", beginning=beginning)
    assert half_begun.advance() is None
    assert not half_begun.jobs.running


def test_a_job_whose_worker_died_is_ended_when_the_retraining_fails(half_begun: Scene):
    fail_retraining(NAME, 1, "no way", half_begun.ports, half_begun.clock)
    assert half_begun.found().state is RetrainingState.FAILED
    assert not half_begun.jobs.running


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
    monkeypatch.setattr(requesting, "freeze_order", lambda *_: "")
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
