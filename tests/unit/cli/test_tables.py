"""Tables in a terminal, and through a pipe."""

import os
import shutil
import sys

import pytest

from scienceops.cli.show import show_table

HEADERS = ["#", "kind", "comment"]
ROWS = [[1, "wrong", "the sensor was off for a day"], [2, "retrain", ""]]


@pytest.fixture
def table(monkeypatch, capsys):
    """The lines of the table in a terminal of so many columns, or through a pipe."""

    def show(columns=None):
        size = os.terminal_size((columns or 80, 24))
        monkeypatch.setattr(shutil, "get_terminal_size", lambda: size)
        monkeypatch.setattr(sys.stdout, "isatty", lambda: columns is not None, raising=False)
        show_table(HEADERS, ROWS)
        return capsys.readouterr().out.splitlines()

    return show


def test_through_a_pipe_a_row_is_one_line(table):
    assert table() == [
        "#  kind     comment",
        "1  wrong    the sensor was off for a day",
        "2  retrain",
    ]


def test_in_a_terminal_that_is_too_narrow_the_last_column_is_wrapped(table):
    assert table(32)[-3:] == [
        "1  wrong    the sensor was off",
        "            for a day",
        "2  retrain",
    ]


def test_where_no_room_is_left_the_last_column_goes_below(table):
    assert table(28)[-4:] == [
        "1  wrong",
        "    the sensor was off for a",
        "    day",
        "2  retrain",
    ]


def test_in_a_terminal_that_is_wide_enough_nothing_is_wrapped(table):
    assert len(table(80)) == 3
