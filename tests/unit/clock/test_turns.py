"""A turn of the clock: one service's trouble is its own, and nothing that is wanted is stopped."""

import logging

import pytest
from retraining_scene import NAME, Scene, StandInRuntime

from scienceops.app import App
from scienceops.config import Settings
from scienceops.core.messages import WORK
from scienceops.ports.model_registry import Record
from scienceops.ports.service_runtime import Observed, ServiceStatus
from scienceops.usecases import settle_service as settling
from scienceops.usecases.reconcile_deployment import ask_to_run
from scienceops.usecases.records import read_deployment
from scienceops.usecases.settle_service import settle_service

OTHER = "other"


class BrokenRuntime(StandInRuntime):
    """A stand-in for a runtime that knows no image of one service any more."""

    def status(self, service: str, version: int) -> ServiceStatus:
        if service == NAME:
            raise OSError("no such image")
        return super().status(service, version)


def add_other(scene: Scene) -> None:
    """A second service, which comes after the first, with a version whose message was lost."""
    scene.service(OTHER)
    scene.version(1, service=OTHER, state="uploaded")


def test_a_service_whose_runtime_fails_does_not_stop_the_others(tmp_path, caplog):
    scene = Scene(tmp_path / "home", runtime=BrokenRuntime())
    add_other(scene)
    ask_to_run(NAME, 1, scene.ports, scene.clock)
    with caplog.at_level(logging.ERROR), pytest.raises(ExceptionGroup) as told:
        scene.tick()
    (record,) = [r for r in caplog.records if r.getMessage() == "step of the clock failed"]
    assert (record.service, record.step) == (NAME, "reconciling version 1")
    assert [str(error) for error in told.value.exceptions] == ["no such image"]
    assert scene.ports.queue.depth(WORK) == 1


def test_a_platform_starts_though_one_of_its_services_fails(tmp_path):
    scene = Scene(tmp_path / "home", runtime=BrokenRuntime())
    add_other(scene)
    ask_to_run(NAME, 1, scene.ports, scene.clock)
    App(scene.ports, Settings(home=scene.home), scene.clock).resume()
    assert scene.ports.queue.depth(WORK) == 1


@pytest.mark.parametrize(
    ("key", "field"),
    [("service", "live"), ("version/000000001", "state"), ("deployment/000000001", "desired")],
)
def test_a_record_that_cannot_be_read_does_not_stop_the_others(scene: Scene, key: str, field: str):
    add_other(scene)
    registry = scene.ports.registry
    found = registry.get(NAME, key)
    body = {**(found.body if found else {}), field: "of a later release"}
    registry.put(Record(NAME, key, found.revision if found else 0, body))
    with pytest.raises(ExceptionGroup):
        scene.tick()
    assert scene.ports.queue.depth(WORK) == 1


def test_what_another_worker_starts_in_the_meantime_is_no_stray(tmp_path):
    class Busy(StandInRuntime):
        """A stand-in for a runtime; a version is started while it is asked."""

        def deployments(self) -> list[ServiceStatus]:
            ask_to_run(NAME, 2, scene.ports, scene.clock)
            return [ServiceStatus(NAME, number, Observed.READY, "e") for number in (2, 3)]

    scene = Scene(tmp_path / "home", runtime=Busy())
    scene.version(2)
    scene.tick()
    assert scene.runtime.stopped == [(NAME, 3)]


def wanted(scene: Scene, number: int) -> str:
    return read_deployment(scene.ports.registry, NAME, number).value.desired


def test_a_version_promoted_while_a_service_is_settled_goes_on(scene: Scene, monkeypatch):
    scene.version(2)
    look = settling.find_all

    def look_while_it_is_promoted(*asked):
        scene.service(live=2)
        ask_to_run(NAME, 2, scene.ports, scene.clock)
        return look(*asked)

    monkeypatch.setattr(settling, "find_all", look_while_it_is_promoted)
    settle_service(NAME, scene.ports, scene.clock, 60)
    assert wanted(scene, 2) == "running"


def test_a_version_promoted_while_it_is_being_stopped_goes_on(scene: Scene, monkeypatch):
    scene.version(2)
    ask_to_run(NAME, 2, scene.ports, scene.clock)
    stop = settling.ask_to_stop

    def stop_after_it_is_promoted(*asked, **more):
        scene.service(live=2)
        ask_to_run(NAME, 2, scene.ports, scene.clock)
        stop(*asked, **more)

    monkeypatch.setattr(settling, "ask_to_stop", stop_after_it_is_promoted)
    settle_service(NAME, scene.ports, scene.clock, 60)
    assert wanted(scene, 2) == "running"


def test_a_version_that_nobody_needs_is_asked_to_stop(scene: Scene):
    scene.version(2)
    ask_to_run(NAME, 2, scene.ports, scene.clock)
    scene.tick()
    assert wanted(scene, 2) == "stopped"
