"""Commands that were told too little say what is missing, and do nothing."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from scienceops.cli import main, session
from scienceops.errors import ServiceNotFound


def run(words, home):
    return subprocess.run(
        [sys.executable, "-c", "from scienceops.cli.main import main; main()", *words],
        env={"SCIENCEOPS_HOME": str(home), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["flag", "iris", "wrong"], "--from DAY [--to DAY], or --request ID"),
        (["retrain", "iris", "--wait"], "give --from DAY and --to DAY"),
        (["stats", "iris", "--engine", "spark"], "add --run"),
        (["score", "iris", "--data", __file__, "--rows", "5"], "are for --out FILE"),
        (["score", "iris", "--data", __file__, "--out", "o.csv", "--rows", "0"], "range x>=1"),
    ],
)
def test_what_is_missing_is_named(words, says, tmp_path):
    done = run(words, tmp_path)
    assert done.returncode == 2
    assert says in done.stderr


@pytest.mark.parametrize(
    "words", [["stats", "iris", "--since", "yesterday"], ["history", "iris", "--at", "yesterday"]]
)
def test_a_time_that_is_none_is_told_as_every_command_does(words, tmp_path):
    done = run(words, tmp_path)
    assert done.returncode == 1
    assert "scienceops: 'yesterday' is no" in done.stderr
    assert "wanted one like 2026-11-23" in done.stderr


def test_a_place_that_cannot_be_used_is_named_without_a_traceback(tmp_path):
    done = run(["init", "churn", "--folder", "/proc/nowhere"], tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("scienceops: /proc/nowhere cannot be used (no such file")
    assert len(done.stderr.splitlines()) == 1


def test_a_service_that_is_not_there_is_told_with_the_name_that_may_be_meant(monkeypatch):
    here = SimpleNamespace(services=lambda: [{"name": "churn"}, {"name": "iris"}])
    monkeypatch.setattr(session, "app", lambda: here)
    told = main._with_near_name(ServiceNotFound("churnx"))
    assert str(told).startswith("no service named 'churnx' (did you mean 'churn'?); upload")
