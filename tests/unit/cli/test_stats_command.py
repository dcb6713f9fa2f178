"""What `stats --run` says while it waits."""

from types import SimpleNamespace

import pytest

from scienceops.cli import stats


def test_progress_through_a_pipe_is_whole_lines(monkeypatch, capsys):
    states = iter(["starting", "running", "running", "succeeded"])
    app = SimpleNamespace(
        settings=SimpleNamespace(segment_seconds=1),
        request_statistics=lambda *_: SimpleNamespace(number=7),
        run=lambda number: {"number": number, "state": next(states), "result": {}},
    )
    monkeypatch.setattr(stats, "app", lambda: app)
    monkeypatch.setattr(stats, "check_carried_out", lambda *_: None)
    monkeypatch.setattr(stats, "LOOK_SECONDS", 0)
    stats.run_and_wait("iris", None, quiet=False)
    assert capsys.readouterr().err == "  run 7 starting\n  run 7 running\n"


@pytest.mark.parametrize(
    ("count", "says"), [(1, "1 label found no captured row"), (2, "2 labels found no captured row")]
)
def test_labels_that_count_nowhere_are_told_with_what_to_do(count, says, monkeypatch, capsys):
    ended = {"number": 7, "state": "succeeded", "result": {"unmatched_labels": count}}
    app = SimpleNamespace(
        settings=SimpleNamespace(segment_seconds=1),
        request_statistics=lambda *_: SimpleNamespace(number=7),
        run=lambda _: ended,
    )
    monkeypatch.setattr(stats, "app", lambda: app)
    monkeypatch.setattr(stats, "check_carried_out", lambda *_: None)
    stats.run_and_wait("iris", None, quiet=True)
    told = capsys.readouterr().err
    assert told.startswith(says)
    assert "no such row (they are counted from 0), its call was not captured, or" in told
    assert "; `scienceops lineage REQUEST_ID` shows" in told
