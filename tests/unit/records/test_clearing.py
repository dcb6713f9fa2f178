"""Records of ended work go when they are old, and nothing that something else needs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from alert_scene import NAME
from alert_scene import Scene as AlertScene

from scienceops.core.alert_records import AlertDelivery, delivery_key
from scienceops.core.names import Partition, run_id, run_manifest_key, run_result_key
from scienceops.core.versions import Rejection, StatisticsRun, Version
from scienceops.errors import Unavailable
from scienceops.ports.model_registry import LedgerEntry
from scienceops.usecases import clear_records as module
from scienceops.usecases.clear_records import EVERY, clear_records, gone_before
from scienceops.usecases.describe_alerts import describe_alerts
from scienceops.usecases.find_runs import read_runs
from scienceops.usecases.flag_rows import flag_rows
from scienceops.usecases.freeze_run import freeze_run
from scienceops.usecases.records import (
    PLATFORM,
    STATISTICS,
    Stored,
    find_all,
    number_key,
    save,
    stamp,
)


class Scene(AlertScene):
    def ended(self, number: int, days_old: float, state: str = "succeeded") -> None:
        run = StatisticsRun(
            number=number,
            state=state,
            engine="inline",
            requested_at=stamp(self.now - timedelta(days=days_old)),
            requested_by="ann",
        )
        stored = Stored(run, STATISTICS, number_key("run", number))
        save(self.ports.registry, stored, run, at=self.now)
        for key in (run_manifest_key(run_id(number)), run_result_key(run_id(number))):
            self.ports.objects.put(key, b"{}")

    def shown(self, number: int, day: date) -> None:
        partition = Partition(NAME, 1, day)
        self.ports.statistics.write(number, partition, [])
        self.ports.statistics.publish(number, partition)

    def sent(self, rule: str, sequence: int, days_old: float, state: str = "delivered") -> None:
        at = stamp(self.now - timedelta(days=days_old))
        delivery = AlertDelivery(
            service=NAME,
            rule=rule,
            sequence=sequence,
            event={"id": "x", "type": "dev.scienceops.alert.drift.firing"},
            state=state,
            created_at=at,
            next_at=at,
        )
        stored = Stored(delivery, NAME, delivery_key(rule, sequence))
        save(self.ports.registry, stored, delivery, at=self.now)

    def refused(self, name: str, days_old: float) -> None:
        rejection = Rejection(
            key=f"packages/{NAME}/{name}.zip",
            digest="d" * 64,
            size_bytes=4,
            reason="no zip",
            fix="",
            file="",
            at=stamp(self.now - timedelta(days=days_old)),
        )
        key = f"rejection/{name}"
        save(self.ports.registry, Stored(rejection, PLATFORM, key), rejection, at=self.now)

    def clear(self, days: int = 90) -> None:
        clear_records(self.ports, self.clock, days)

    def runs(self) -> list[int]:
        return [stored.value.number for stored in read_runs(self.ports)]

    def files(self) -> list[str]:
        return [info.key for info in self.ports.objects.scan("statistics/runs/")]

    def events(self) -> list[tuple[str, int]]:
        return [(d.rule, d.sequence) for d in self.deliveries()]

    def refusals(self) -> list[str]:
        found = find_all(self.ports.registry, PLATFORM, "rejection/", Rejection)
        return [stored.key.removeprefix("rejection/") for stored in found]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_ended_runs_that_no_day_shows_go_with_their_files(scene: Scene) -> None:
    for number, days_old, state in (
        (1, 100, "succeeded"),
        (2, 100, "abandoned"),
        (3, 100, "failing"),
        (4, 100, "running"),
        (5, 100, "succeeded"),
        (6, 89, "succeeded"),
    ):
        scene.ended(number, days_old, state)
    scene.shown(5, date(2026, 8, 1))
    scene.clear()
    assert scene.runs() == [3, 4, 5, 6]
    left = [key(run_id(n)) for n in (3, 4, 5, 6) for key in (run_manifest_key, run_result_key)]
    assert sorted(scene.files()) == sorted(left)
    assert gone_before(scene.ports, "runs") == stamp(scene.now - timedelta(days=90))


def test_the_newest_run_stays_so_that_no_number_is_given_twice(scene: Scene) -> None:
    for number in (1, 2):
        scene.ended(number, 400)
    scene.clear()
    assert scene.runs() == [2]
    scene.ports.objects.put(f"captures/{NAME}/1/date=2026-11-22/a-1.parquet", b"rows")
    how = {"engine": "inline", "environment": "test", "requested_by": "ann", "service": NAME}
    run = freeze_run(scene.ports, scene.clock, **how)
    assert run is not None
    assert run.number == 3


def test_sent_alerts_go_but_for_each_rule_s_last_one_and_those_on_their_way(scene: Scene) -> None:
    for sequence, days_old, state in (
        (1, 300, "delivered"),
        (2, 200, "pending"),
        (3, 150, "given up"),
        (4, 100, "delivered"),
        (5, 10, "delivered"),
        (6, 1, "delivered"),
    ):
        scene.sent("drift", sequence, days_old, state)
    scene.sent("quality", 1, 300)
    scene.clear()
    left = [("drift", number) for number in (2, 4, 5, 6)]
    assert scene.events() == [*left, ("quality", 1)]
    told = describe_alerts(NAME, scene.ports)["gone_before"]
    assert told == stamp(scene.now - timedelta(days=90))


def test_an_alert_that_goes_on_for_long_is_not_announced_again_and_its_end_is(
    scene: Scene,
) -> None:
    scene.day({"sepal": 1.0})
    assert scene.told() == ["drift.firing"]
    scene.turn(days=300)
    scene.clear()
    assert scene.told() == []
    scene.day({"sepal": 0.0})
    assert scene.told() == ["drift.recovered"]


def test_refusals_go_when_their_upload_lies_there_no_more(scene: Scene) -> None:
    for name, days_old in (("gone", 100), ("there", 100), ("replaced", 100), ("new", 10)):
        scene.refused(name, days_old)
    scene.ports.objects.put(f"packages/{NAME}/there.zip", b"1234")
    scene.ports.objects.put(f"packages/{NAME}/replaced.zip", b"another")
    scene.clear()
    assert scene.refusals() == ["new", "there"]
    assert gone_before(scene.ports, "rejections") == stamp(scene.now - timedelta(days=90))


def test_versions_flags_tokens_and_the_ledger_stay(scene: Scene) -> None:
    scene.version()
    flag_rows(
        NAME,
        "wrong",
        "ann",
        scene.ports,
        scene.clock,
        since=scene.now - timedelta(days=2),
        until=scene.now,
    )
    before = scene.ports.registry.scan(NAME)
    ledger = scene.ports.registry.ledger(NAME)
    scene.turn(days=4000)
    scene.clear(1)
    assert scene.ports.registry.scan(NAME) == before
    assert scene.ports.registry.ledger(NAME) == ledger
    assert find_all(scene.ports.registry, NAME, "version/", Version)


def test_nothing_is_told_as_gone_while_all_is_there(scene: Scene) -> None:
    scene.ended(1, 10)
    scene.clear()
    assert gone_before(scene.ports, "runs") == gone_before(scene.ports, "rejections") == ""
    assert describe_alerts(NAME, scene.ports)["gone_before"] == ""


def test_zero_days_keep_everything(scene: Scene) -> None:
    for number in (1, 2):
        scene.ended(number, 4000)
    scene.clear(0)
    assert scene.runs() == [1, 2]


def test_the_clock_looks_once_in_a_while(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    find = module._find

    def counted(*given: Any) -> Any:
        looks.append("looked")
        return find(*given)

    monkeypatch.setattr(module, "_find", counted)
    for turns in (EVERY * 0, EVERY / 2, EVERY):
        scene.turn(seconds=turns.total_seconds())
        scene.clear()
    assert len(looks) == 2


def test_what_one_turn_does_not_manage_the_next_one_does(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    for number in range(1, 9):
        scene.ended(number, 100)
    left = []
    for _ in range(4):
        scene.clear()
        left.append(len(scene.runs()))
    assert left == [5, 2, 1, 1]


@pytest.mark.parametrize("step", ["objects", "registry"])
def test_a_clean_up_that_dies_halfway_has_said_so_and_is_done_by_the_next(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    for number in range(1, 7):
        scene.ended(number, 100)
    with monkeypatch.context() as patched:
        port = getattr(scene.ports, step)
        patched.setattr(port, "delete", dying(port.delete, after=2))
        with pytest.raises(Unavailable):
            scene.clear()
    assert gone_before(scene.ports, "runs")
    # No file is left that no record tells of.
    told = {run_id(number) for number in scene.runs()}
    assert {key.removeprefix("statistics/runs/").split(".")[0] for key in scene.files()} <= told
    scene.clear()
    assert scene.runs() == [6]
    assert len(scene.files()) == 2


def dying(method: Callable[..., None], after: int) -> Callable[..., None]:
    done: list[object] = []

    def deadly(what: object) -> None:
        done.append(what)
        if len(done) > after:
            raise Unavailable("the process died")
        method(what)

    return deadly


def test_clean_ups_beside_each_other_do_it_once(scene: Scene) -> None:
    for number in range(1, 41):
        scene.ended(number, 100)
        scene.sent("drift", number, 100)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: scene.clear(), range(4)))
    assert scene.runs() == [40]
    assert scene.events() == [("drift", 40)]
    assert len(scene.files()) == 2
    noted = scene.ports.registry.get(PLATFORM, module.KEY)
    assert noted is not None
    assert noted.body["looked_at"] == stamp(scene.now)


def test_a_record_that_changes_meanwhile_stays(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        scene.ended(number, 100)
    delete = scene.ports.registry.delete

    def changed(record: Any) -> None:
        if record.key.endswith("1"):
            entry = LedgerEntry(STATISTICS, scene.now, "ann", "changed")
            scene.ports.registry.put(record, entry)
        delete(record)

    monkeypatch.setattr(scene.ports.registry, "delete", changed)
    scene.clear()
    assert scene.runs() == [1, 3]
