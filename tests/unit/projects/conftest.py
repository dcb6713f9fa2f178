"""Projects as working folders, and the command line in this process."""

import sys

import pytest
from small_project import SETTINGS, SMALL

from scienceops.cli.main import main


@pytest.fixture
def scienceops(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["scienceops", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as leave:
            code = leave.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def iris(tmp_path, monkeypatch, scienceops):
    """The project that `init` makes, as the working folder."""
    assert scienceops("init", "iris", "--folder", tmp_path)[0] == 0
    monkeypatch.chdir(tmp_path / "iris")
    return tmp_path / "iris"


@pytest.fixture
def line(tmp_path, monkeypatch):
    """The smallest project, as the working folder."""
    (tmp_path / "train.py").write_text(SMALL)
    (tmp_path / "scienceops.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def failure(line, scienceops):
    """What `train` says when a part of the small train.py, or of its settings, is another."""

    def of(old="", new="", *, settings=SETTINGS):
        assert old in SMALL
        (line / "train.py").write_text(SMALL.replace(old, new) if old else SMALL + new)
        (line / "scienceops.toml").write_text(settings)
        code, _, err = scienceops("train")
        assert code == 1
        return err

    return of
