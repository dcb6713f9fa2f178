"""Phases: say what the demo is doing, and keep how long each part took."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any

import click

from scienceops.cli.show import show_table


class Phases:
    """Says what is being done, and keeps how long it took."""

    def __init__(self, out: Any) -> None:
        self.seconds: dict[str, float] = {}
        self.out = out

    @contextmanager
    def phase(self, name: str, sentence: str) -> Iterator[None]:
        """One phase; what a command would print meanwhile goes to people, too."""
        self.say(f"{sentence} ...")
        began = time.monotonic()
        with redirect_stdout(self.out):
            yield
        self.seconds[name] = round(time.monotonic() - began, 2)
        self.say(f"    {self.seconds[name]:.1f} s")

    def say(self, text: str) -> None:
        """A line for people."""
        click.echo(text, file=self.out)

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """A table for people, with an empty line before and after it."""
        self.say("")
        with redirect_stdout(self.out):
            show_table(headers, rows)
        self.say("")
