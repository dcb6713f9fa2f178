"""Captured rows replayed: which are asked of both versions, and what is told of their answers."""

import io
from datetime import UTC, datetime
from types import SimpleNamespace

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scienceops.adapters.local import connect
from scienceops.cli.retrain import show_comparison
from scienceops.config import Settings
from scienceops.core.names import LABEL
from scienceops.core.schema import Column, Schema
from scienceops.training.compare import _alike, _changed, _gain_error, _replay
from scienceops.training.running_version import Answers

AT = pa.array([datetime(2026, 11, 20, tzinfo=UTC)], pa.timestamp("us", tz="UTC"))
REGRESSION = SimpleNamespace(task="regression")


class StandInVersion:
    """A stand-in for a running version, which adds up its columns."""

    def __init__(self, *columns, task="regression"):
        self.schema = Schema(columns)
        self._task = task

    def ask(self, frame):
        found = frame[[column.name for column in self.schema.columns]].astype(float).sum(axis=1)
        return Answers([float(v) if self._task == "regression" else str(v) for v in found], None)

    def milliseconds(self, frame):
        assert len(self.ask(frame).predictions) == 1
        return 1.0


def order_of(tmp_path, *segments, task="regression"):
    """An order whose captures are these segments of one row each, by request and inputs."""
    objects = connect(Settings(home=tmp_path)).objects
    for place, (request, inputs) in enumerate(segments):
        table = pa.table(
            {"request_id": [request], "row": [0], "captured_at": AT, "prediction": [1.0]}
            | {f"input.{name}": [value] for name, value in inputs.items()}
        )
        out = io.BytesIO()
        pq.write_table(table, out)
        objects.put(f"captures/sum/{place}", out.getvalue())
    keys = [f"captures/sum/{place}" for place in range(len(segments))]
    partition = {"date": "2026-11-20", "keys": keys, "label_keys": []}
    return SimpleNamespace(task=task, partitions=[partition], flags=(), objects=objects)


def test_rows_that_a_version_with_fewer_columns_answered_are_not_asked(tmp_path):
    order = order_of(tmp_path, ("old", {"a": 1.0}), ("new", {"a": 1.0, "b": 2.0}))
    now = StandInVersion(Column("a", "number"), Column("b", "number"))
    assert _replay(order, now, now)["rows"] == 1


def test_where_no_row_has_all_columns_nothing_is_replayed(tmp_path):
    order = order_of(tmp_path, ("old", {"a": 1.0}))
    now = StandInVersion(Column("a", "number"), Column("b", "number"))
    assert _replay(order, now, now) == {"rows": 0}


def test_a_column_that_may_be_missing_is_asked_as_missing(tmp_path):
    order = order_of(tmp_path, ("old", {"a": 1.0}))
    live = StandInVersion(Column("a", "number"))
    candidate = StandInVersion(Column("a", "number"), Column("self", "number", nullable=True))
    assert _replay(order, live, candidate)["moved"] == 0


def test_a_row_that_is_captured_twice_is_replayed_once(tmp_path, monkeypatch):
    monkeypatch.setattr("scienceops.training.compare.MOST_ROWS", 2)
    order = order_of(tmp_path, ("one", {"a": 1.0}), ("one", {"a": 1.0}))
    live = StandInVersion(Column("a", "number"))
    assert _replay(order, live, live)["rows"] == 1


def test_of_numbers_it_is_told_how_far_they_moved_beside_their_spread():
    then, now = Answers([0.0, 10.0, 20.0], None), Answers([1.0, 10.5, 21.0], None)
    found = _alike(then, now, REGRESSION)
    assert found == {"moved": 1.0, "spread": pytest.approx(8.165, abs=1e-3)}


def test_a_number_that_one_version_does_not_give_moved_by_nothing_that_could_be_told():
    then, now = Answers([0.0, 10.0, None], None), Answers([1.0, None, None], None)
    assert _alike(then, now, REGRESSION) == {"moved": 1.0, "spread": 0.0}
    assert _alike(Answers([None], None), Answers([1.0], None), REGRESSION) == {}
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], LABEL: [None] * 3})
    changes = [row["change"] for row in _changed(frame, ["x"], then, now, REGRESSION)]
    assert changes == [1.0, None]


def test_the_error_of_a_gain_is_that_of_rows_to_which_both_gave_a_number():
    truth = pd.Series([0.0, 1.0, 2.0, 3.0])
    then, now = Answers([1.0, 1.0, 3.0, None], None), Answers([0.0, 1.0, 2.5, 3.0], None)
    answered = _gain_error(
        truth[:3],
        Answers(then.predictions[:3], None),
        Answers(now.predictions[:3], None),
        REGRESSION,
    )
    assert answered > 0
    assert _gain_error(truth, then, now, REGRESSION) == answered
    assert _gain_error(truth, Answers([None] * 4, None), now, REGRESSION) is None


def test_the_command_tells_how_far_numbers_moved_and_no_agreement(capsys):
    part = {"rows": 0, "live": {}, "candidate": {}}
    times = {"median": 1.0, "p95": 2.0}
    replay = {"rows": 3, "moved": 0.25, "spread": 8.0}
    replay["latency_ms"] = {"live": times, "candidate": times}
    comparison = {"live": 1, "recent": part, "original": part, "replay": replay}
    comparison |= {"better": False, "why": "no new labelled row was held out"}
    show_comparison("sum", {"comparison": comparison, "version": 2})
    told = capsys.readouterr().out
    assert "median move of answers" in told
    assert "0.25" in told
    assert "agreement" not in told
