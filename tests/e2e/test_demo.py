"""The demo, from the command line to its last line."""

import json

import pyarrow.parquet as pq
import pytest
from platform_process import Platform

from scienceops.cli.demo import demo

PHASES = [
    *("pack", "start", "deploy", "score", "backfill", "capture", "statistics"),
    *("labels", "quality", "flag", "retrain", "approve", "rollback", "total"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def done(home):
    words = ["demo", "--exit", "--json", "--port", "0", "--engine", "inline"]
    return Platform(home).cli(*words)


@pytest.fixture(scope="module")
def facts(done):
    return json.loads(done.stdout.splitlines()[-1])


def test_the_statistics_of_the_demo_are_made_by_spark_unless_told_otherwise():
    (engine,) = [option for option in demo.params if option.name == "engine"]
    assert engine.default == "spark"


def test_the_last_line_has_every_key(facts):
    assert list(facts) == [
        *("service", "version", "state", "endpoint", "engine", "scored_rows", "captured_rows"),
        *("statistics_rows", "verdicts", "accuracy", "seconds"),
    ]
    assert (facts["service"], facts["version"], facts["state"]) == ("iris", 1, "live")


def test_every_phase_tells_its_seconds(facts):
    assert list(facts["seconds"]) == PHASES


def test_every_scored_row_is_captured_once_and_no_replayed_one(facts, home):
    files = (home / "bucket" / "captures" / "iris").rglob("*.parquet")
    assert facts["scored_rows"] == facts["captured_rows"] == 7150
    assert sum(pq.read_metadata(file).num_rows for file in files) == 7150


def test_only_the_moved_columns_of_the_last_two_days_drift(facts):
    drifted = {(v["date"], v["feature"]) for v in facts["verdicts"] if v["verdict"] == "drift"}
    days = sorted({v["date"] for v in facts["verdicts"]})
    features = {"sepal width (cm)", "petal length (cm)", "petal width (cm)", "prediction"}
    # The very last day is today, with the real rows.
    assert drifted == {(day, feature) for day in days[-3:-1] for feature in features}


def test_the_accuracy_is_that_of_the_whole_week(facts):
    # Five good days, and two on which most rows are told wrong.
    assert 5 / 7 < facts["accuracy"] < 0.9


@pytest.mark.parametrize(
    "words",
    [
        "7000 labels taken",
        "95 % interval",
        "flag 1: measured with another ruler",
        "flagged rows held out",
        "    better: accuracy on",
        "version 2 is live; before it: 1",
        "version 1 is live; before it: 2",
    ],
)
def test_people_see_each_step(done, words):
    assert words in done.stderr


def test_one_that_has_stopped_tells_where_all_is_kept_and_links_to_no_page(done, home):
    assert f"Everything is kept in {home}" in done.stderr
    assert "Dashboard" not in done.stderr


def test_the_ledger_tells_who_let_the_candidate_live_and_who_went_back(done, home):
    entries = Platform(home).json("history", "iris")["entries"]
    why = [e["why"] for e in entries if e["action"] == "version made live"]
    assert why[1:] == ["better on the drifted days", "shown by the demo"]


def test_it_can_be_run_again_on_the_same_home(done, home):
    words = ["demo", "--exit", "--json", "--port", "0", "--engine", "inline"]
    again = json.loads(Platform(home).cli(*words).stdout.splitlines()[-1])
    assert (again["version"], again["state"]) == (1, "live")
    assert again["scored_rows"] == again["captured_rows"]
