"""Runs are found without reading all that ever were, and none that may still move is overlooked."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scienceops.bootstrap import build_app
from scienceops.config import load_settings
from scienceops.core.versions import StatisticsRun
from scienceops.ports.model_registry import Record
from scienceops.usecases.find_runs import (
    current_runs,
    newest_runs,
    note_ended_runs,
    read_run,
    read_runs,
)
from scienceops.usecases.freeze_run import freeze_run
from scienceops.usecases.records import STATISTICS, Stored, number_key, save, stamp

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Scene:
    def __init__(self, home: Path) -> None:
        self.ports = build_app(load_settings({"SCIENCEOPS_HOME": str(home)})).ports
        self.read: list[str] = []

    def clock(self) -> datetime:
        return NOW

    def run(self, number: int, state: str, **more: Any) -> None:
        run = StatisticsRun(
            number=number,
            state=state,
            engine="inline",
            requested_at=stamp(NOW - timedelta(hours=1)),
            requested_by="scienceops",
            **more,
        )
        known = read_run(number, self.ports)
        stored = known or Stored(run, STATISTICS, number_key("run", number))
        save(self.ports.registry, stored, run, at=NOW)

    def gone(self, *numbers: int) -> None:
        for number in numbers:
            found = self.ports.registry.get(STATISTICS, number_key("run", number))
            assert found is not None
            self.ports.registry.delete(found)

    def current(self) -> list[int]:
        return [run.number for run in current_runs(self.ports)]

    def newest(self, most: int) -> list[int]:
        return [run.number for run in newest_runs(self.ports, most)]

    def note(self) -> None:
        note_ended_runs(current_runs(self.ports), self.ports, self.clock)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_before_anything_is_noted_all_runs_are_current(scene: Scene) -> None:
    assert scene.current() == scene.newest(5) == []
    scene.note()
    for number, state in ((1, "succeeded"), (2, "running"), (3, "succeeded")):
        scene.run(number, state)
    assert scene.current() == [1, 2, 3]


def test_what_has_ended_is_not_read_again_and_the_newest_always_is(scene: Scene) -> None:
    for number in range(1, 10):
        scene.run(number, "succeeded")
    scene.note()
    assert scene.current() == [9]
    scene.run(10, "running")
    assert scene.current() == [9, 10]


def test_a_run_that_fails_for_long_stays_in_sight_until_it_has_ended(scene: Scene) -> None:
    for number, state in ((1, "abandoned"), (2, "failing"), (3, "succeeded"), (4, "succeeded")):
        scene.run(number, state)
    scene.note()
    assert scene.current() == [2, 3, 4]
    scene.run(2, "succeeded", attempt=9)
    scene.note()
    assert scene.current() == [4]


def test_who_looked_earlier_takes_nothing_back(scene: Scene) -> None:
    scene.run(1, "succeeded")
    scene.run(2, "running")
    earlier = current_runs(scene.ports)
    for number in (2, 3):
        scene.run(number, "succeeded")
    scene.note()
    note_ended_runs(earlier, scene.ports, scene.clock)
    assert scene.current() == [3]


def test_the_newest_are_found_across_the_gaps_that_old_ones_left(scene: Scene) -> None:
    for number in range(1, 41):
        scene.run(number, "succeeded")
    scene.note()
    scene.gone(*range(3, 20), *range(22, 40))
    assert scene.newest(1) == [40]
    assert scene.newest(3) == [20, 21, 40]
    assert scene.newest(5) == scene.newest(1000) == [1, 2, 20, 21, 40]


def test_a_turn_of_the_clock_reads_few_of_many_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = build_app(load_settings({"SCIENCEOPS_HOME": str(tmp_path)}))
    scene = Scene(tmp_path)
    for number in range(1, 301):
        scene.run(number, "succeeded")
    app.tick()
    read: list[Record] = []
    scan = app.ports.registry.scan

    def counted(*given: Any, **named: Any) -> list[Record]:
        found = scan(*given, **named)
        read.extend(record for record in found if record.key.startswith("run/"))
        return found

    monkeypatch.setattr(app.ports.registry, "scan", counted)
    app.tick()
    app.runs(5)
    assert len(read) < 10


def test_a_run_of_the_clock_fills_no_ledger_and_that_of_a_person_is_told(scene: Scene) -> None:
    for person in ("scienceops", "ann"):
        scene.ports.objects.put("captures/iris/1/date=2026-11-22/a-1.parquet", b"rows")
        frozen = freeze_run(
            scene.ports,
            scene.clock,
            engine="inline",
            environment="test",
            requested_by=person,
            service="iris",
        )
        assert frozen is not None
    assert len(read_runs(scene.ports)) == 2
    told = scene.ports.registry.ledger(STATISTICS)
    assert [(e.actor, e.details) for e in told] == [("ann", {"run": 2, "engine": "inline"})]
