"""Flags on captured rows: which is heard, what one covers, and on which days each is shown."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from meanwhile import meanwhile
from watched_bucket import WatchedBucket

from scienceops.adapters.local import connect
from scienceops.config import load_settings
from scienceops.core.access import derive_key, hash_key
from scienceops.core.ids import RequestIds
from scienceops.core.names import FLAG, Partition
from scienceops.core.retraining import in_force
from scienceops.core.versions import Service, Version
from scienceops.errors import Conflict
from scienceops.training.captured import read_captured
from scienceops.usecases.describe_flags import describe_flags, flagged_days, notes_on
from scienceops.usecases.flag_rows import flag_rows, read_flags, undo_flag
from scienceops.usecases.platform_secrets import gateway_secret
from scienceops.usecases.records import Stored, number_key, save

NAME = "iris"
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
DAY = datetime(2026, 11, 25, tzinfo=UTC)
NOON = DAY + timedelta(hours=12)


@pytest.fixture
def ports(tmp_path):
    """Versions 1 and 3 of a service, without captures."""
    ports = connect(load_settings({"SCIENCEOPS_HOME": str(tmp_path)}))
    service = Service(name=NAME, live=3)
    save(ports.registry, Stored(service, NAME, "service"), service, at=NOW)
    for number in (1, 3):
        version = Version(
            service=NAME, number=number, digest="d", uploaded_at="", uploaded_key="", manifest={}
        )
        stored = Stored(version, NAME, number_key("version", number))
        save(ports.registry, stored, version, at=NOW)
    return ports


def answered(ports, version, place=0):
    """The id of a request that this version answered at noon of the day."""
    key = hash_key(derive_key(gateway_secret(ports.secrets), NAME, version))
    return RequestIds(key).make(int(NOON.timestamp() * 1000), bytes([place] * 10))


def capture(ports, *ids, version=1, at=NOON):
    """Keep a row of each request, and tell where; what a retraining's order says of it."""
    table = pa.table(
        {
            "request_id": list(ids),
            "row": [0] * len(ids),
            "captured_at": pa.array([at] * len(ids), pa.timestamp("ms", tz="UTC")),
            "prediction": ["a"] * len(ids),
            "input.x": [1.0] * len(ids),
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out)
    place = Partition(NAME, version, at.date())
    key = f"{place.prefix}{RequestIds('k').make(0, bytes(10))}.parquet"
    ports.objects.put(key, out.getvalue())
    return {"keys": [key], "label_keys": []}


def flag(ports, kind, *ids, day=DAY, days=1):
    window = {} if ids else {"since": day, "until": day + timedelta(days=days)}
    return flag_rows(NAME, kind, "eva", ports, lambda: NOW, request_ids=ids, **window)


def marks(ports, partition):
    flags = in_force(read_flags(NAME, ports))
    return list(read_captured([partition], flags, ports.objects)[FLAG])


@pytest.mark.parametrize("first", ["wrong", "retrain"])
def test_a_row_that_one_flag_calls_wrong_is_wrong_whichever_flag_came_first(ports, first):
    one, other = answered(ports, 1, 1), answered(ports, 1, 2)
    partition = capture(ports, one, other)
    if first == "wrong":
        flag(ports, "wrong", one)
        flag(ports, "retrain")
    else:
        flag(ports, "retrain")
        flag(ports, "wrong", one)
    assert marks(ports, partition) == ["wrong", "retrain"]


def test_the_row_is_worth_learning_from_again_once_the_wrong_flag_is_undone(ports):
    one = answered(ports, 1)
    partition = capture(ports, one)
    made = flag(ports, "wrong", one)
    flag(ports, "retrain")
    undo_flag(NAME, made.number, "eva", ports, lambda: NOW)
    assert marks(ports, partition) == ["retrain"]
    assert describe_flags(NAME, ports)[1]["overruled_by"] == []


def test_a_flag_that_two_undo_at_once_is_undone_once(ports, monkeypatch):
    made = flag(ports, "retrain")
    undo = partial(undo_flag, NAME, made.number, ports=ports, clock=lambda: NOW)
    meanwhile(monkeypatch, ports.registry, "put", lambda: undo(actor="ann"))
    with pytest.raises(Conflict, match="flag 1 of 'iris' was undone already"):
        undo(actor="eva")
    assert [found.by for found in read_flags(NAME, ports) if found.kind == "undo"] == ["ann"]


def test_a_flag_tells_which_others_call_rows_of_it_wrong(ports):
    one, other = answered(ports, 1, 1), answered(ports, 1, 2)
    flag(ports, "wrong", one)
    flag(ports, "wrong", day=DAY - timedelta(days=1))
    flag(ports, "retrain", day=DAY)
    flag(ports, "retrain", other, one)
    flag(ports, "retrain", other)
    flags = describe_flags(NAME, ports)
    assert [f["overruled_by"] for f in flags] == [[], [], [1], [1], []]
    assert all(f["holds"] for f in flags)


def test_a_new_flag_says_which_captured_days_it_covers_and_what_wins_over_it(ports):
    capture(ports, answered(ports, 1))
    capture(ports, answered(ports, 3), version=3, at=NOON + timedelta(days=1))
    wrong = flag(ports, "wrong", answered(ports, 1))
    made = flag(ports, "retrain", days=3)
    covers, wins = notes_on(NAME, made, ports, lambda: NOW)
    assert covers == "it covers captures of 2 days, 2026-11-25 to 2026-11-26"
    assert f"`scienceops flag iris --undo {wrong.number}`" in wins
    one = flag(ports, "wrong")
    assert notes_on(NAME, one, ports, lambda: NOW) == ["it covers captures of 2026-11-25"]


def test_a_flag_on_days_is_made_without_a_look_at_the_captures_of_others(ports):
    for days in (-30, -1, 0, 1, 30):
        capture(ports, answered(ports, 1), at=NOON + timedelta(days=days))
    made = flag(ports, "wrong", days=2)
    watched = WatchedBucket(ports.objects)
    notes = notes_on(NAME, made, replace(ports, objects=watched), lambda: NOW)
    assert notes == ["it covers captures of 2 days, 2026-11-25 to 2026-11-26"]
    assert {Partition.of_key(key).date for key in watched.listed} == set(made.days)


def test_a_flag_on_days_without_captures_says_which_there_are(ports):
    made = flag(ports, "wrong", day=datetime(2020, 1, 1, tzinfo=UTC))
    (told,) = notes_on(NAME, made, ports, lambda: NOW)
    assert told.startswith("it covers no captures of 'iris': it has none yet; rows are in the")
    capture(ports, answered(ports, 1))
    (told,) = notes_on(NAME, made, ports, lambda: NOW)
    assert told.endswith("there are some from 2026-11-25 to 2026-11-25")


def test_a_flag_on_days_to_come_says_so(ports):
    made = flag(ports, "wrong", day=datetime(2030, 1, 1, tzinfo=UTC))
    assert "still to be scored" in notes_on(NAME, made, ports, lambda: NOW)[-1]


def test_a_flag_on_a_request_of_nobody_says_that_it_covers_no_row(ports):
    made = flag(ports, "wrong", answered(ports, 1), answered(ports, 2))
    (told,) = notes_on(NAME, made, ports, lambda: NOW)
    assert told.startswith("1 of 2 request ids were never answered by 'iris'")


def test_a_flag_on_requests_is_one_of_the_version_that_answered_them(ports):
    flag(ports, "wrong", answered(ports, 1, 1), answered(ports, 1, 2), answered(ports, 2))
    flag(ports, "retrain")
    shown = flagged_days(NAME, ports)
    assert list(shown) == [date(2026, 11, 25).isoformat()]
    assert [(f["kind"], f["requests"]) for f in shown["2026-11-25"]] == [
        ("wrong", {1: 2}),
        ("retrain", None),
    ]


def test_a_flag_on_hours_is_shown_with_those_that_it_has_of_each_day(ports):
    window = {"since": NOON + timedelta(hours=6), "until": NOON + timedelta(hours=42, minutes=30)}
    flag_rows(NAME, "wrong", "eva", ports, lambda: NOW, **window)
    shown = flagged_days(NAME, ports)
    assert {day: flag["hours"] for day, (flag,) in shown.items()} == {
        "2026-11-25": "18:00 to 24:00",
        "2026-11-26": "",
        "2026-11-27": "00:00 to 06:30",
    }
