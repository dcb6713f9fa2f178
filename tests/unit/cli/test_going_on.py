"""Ctrl-C in a command that waits: what goes on without it is told."""

from types import SimpleNamespace

import pytest
from click.exceptions import Abort

from scienceops.cli import approve, push, retrain, stats
from scienceops.cli.going_on import goes_on


def interrupted(*_, **__):
    raise KeyboardInterrupt


@pytest.fixture
def app(monkeypatch):
    """An app of which every look is interrupted."""
    begun = SimpleNamespace(number=3)
    app = SimpleNamespace(
        settings=SimpleNamespace(segment_seconds=1),
        push=lambda _: {"service": "iris", "key": "packages/iris/a.zip", "digest": "d"},
        request_statistics=lambda *_: begun,
        decisions=SimpleNamespace(retrain=lambda *_: begun, retraining=interrupted),
        upload=interrupted,
        run=interrupted,
        service=interrupted,
    )
    for module in (approve, push, retrain, stats):
        monkeypatch.setattr(module, "app", lambda: app)
        monkeypatch.setattr(module, "check_carried_out", lambda *_: None)
    return app


def test_it_is_told_and_ends_the_command(capsys):
    with pytest.raises(KeyboardInterrupt), goes_on("the work goes on"):
        raise KeyboardInterrupt
    assert capsys.readouterr().err == "\nthe work goes on\n"


def test_a_push_goes_on(app, tmp_path, capsys):
    with pytest.raises(KeyboardInterrupt):
        push.push.callback(tmp_path / "a.zip", True, 9.0, True)
    assert "goes on from there: `scienceops status iris` shows it" in capsys.readouterr().err


def test_a_retraining_goes_on_and_how_it_is_ended(app, capsys):
    with pytest.raises(Abort):
        retrain.retrain.main(["iris", "--from", "2026-11-20", "--wait"], standalone_mode=False)
    told = capsys.readouterr().err
    assert (
        "retraining 3 goes on by itself: `scienceops retrain iris` shows it, `--cancel 3`" in told
    )


def test_a_promotion_goes_on(app, capsys):
    with pytest.raises(KeyboardInterrupt):
        approve.wait_until_live("iris", 2, 9.0, as_json=True)
    assert "version 2 of iris goes live by itself" in capsys.readouterr().err


def test_a_statistics_run_goes_on(app, capsys):
    with pytest.raises(KeyboardInterrupt):
        stats.run_and_wait("iris", None, quiet=True)
    assert "run 3 goes on by itself" in capsys.readouterr().err
