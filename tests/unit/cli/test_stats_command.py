"""What `stats --run` says while it waits."""

from types import SimpleNamespace

from scienceops.cli import stats


def test_progress_through_a_pipe_is_whole_lines(monkeypatch, capsys):
    states = iter(["starting", "running", "running", "succeeded"])
    app = SimpleNamespace(
        settings=SimpleNamespace(segment_seconds=1),
        request_statistics=lambda *_: SimpleNamespace(number=7),
        run=lambda number: {"number": number, "state": next(states), "result": {}},
    )
    monkeypatch.setattr(stats, "app", lambda: app)
    monkeypatch.setattr(stats, "check_carried_out", lambda: None)
    monkeypatch.setattr(stats, "LOOK_SECONDS", 0)
    stats.run_and_wait("iris", None, quiet=False)
    assert capsys.readouterr().err == "  run 7 starting\n  run 7 running\n"
