"""A candidate runs while it is compared and decided on, and no longer."""

import pytest
from retraining_scene import NAME, Scene

from scienceops.core.retraining import RetrainingState
from scienceops.ports.service_runtime import Observed
from scienceops.usecases.reconcile_deployment import ask_to_run, reconcile_deployment
from scienceops.usecases.records import read_deployment
from scienceops.usecases.settle_service import settle_service

ORIGIN = {"origin": {"training_set": "t", "retraining": "1"}}


@pytest.fixture(autouse=True)
def _candidate(scene: Scene) -> None:
    scene.version(2, manifest=ORIGIN)
    ask_to_run(NAME, 2, scene.ports, scene.clock)


def still_wanted(scene: Scene) -> bool:
    settle_service(NAME, scene.ports, scene.clock, 1)
    return read_deployment(scene.ports.registry, NAME, 2).value.desired == "running"


@pytest.mark.parametrize("state", ["training", "uploaded", "comparing"])
def test_it_runs_while_its_retraining_is_under_way(scene: Scene, state: str):
    scene.retraining(state=state, training_set="t")
    assert still_wanted(scene)


def test_it_runs_while_somebody_is_to_decide_on_it(scene: Scene):
    scene.retraining(state="compared", training_set="t", version=2, comparison={"live": 1})
    assert still_wanted(scene)


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_it_is_stopped_when_its_retraining_came_to_nothing(scene: Scene, state: str):
    scene.retraining(state=state, training_set="t", version=2)
    assert not still_wanted(scene)


def test_it_is_stopped_when_what_it_was_compared_with_is_not_live_any_more(scene: Scene):
    scene.retraining(state="compared", training_set="t", version=2, comparison={"live": 1})
    scene.version(3)
    scene.service(live=3, previous=1)
    assert not still_wanted(scene)


def test_one_that_crashed_before_it_was_compared_is_started_again(scene: Scene):
    reconcile_deployment(NAME, 2, scene.ports, scene.clock)
    scene.runtime.found[NAME, 2] = Observed.FAILED
    reconcile_deployment(NAME, 2, scene.ports, scene.clock)
    assert scene.runtime.started == [(NAME, 2)]


def test_one_that_fails_to_prove_itself_is_not_started_again(scene: Scene):
    scene.version(2, state="built", manifest=ORIGIN)
    reconcile_deployment(NAME, 2, scene.ports, scene.clock)
    scene.runtime.found[NAME, 2] = Observed.FAILED
    reconcile_deployment(NAME, 2, scene.ports, scene.clock)
    assert scene.runtime.started == []


def test_a_comparison_brings_back_a_candidate_that_crashed(scene: Scene):
    scene.retraining(state="comparing", training_set="t", version=2)
    scene.advance()
    scene.runtime.found[NAME, 2] = Observed.FAILED
    scene.advance()
    assert scene.runtime.started == [(NAME, 2)]
    scene.advance()
    assert read_deployment(scene.ports.registry, NAME, 2).value.observed == "ready"


def test_a_candidate_that_is_rejected_while_it_is_compared_ends_that(scene: Scene):
    scene.retraining(state="comparing", training_set="t", version=2)
    scene.advance()
    scene.version(2, state="rejected", reason="ann: biased", manifest=ORIGIN)
    assert scene.advance() is None
    assert scene.found().state is RetrainingState.FAILED
    assert scene.found().reason == "candidate 2 rejected: ann: biased"
    assert not scene.jobs.running
