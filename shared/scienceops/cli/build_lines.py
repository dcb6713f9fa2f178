"""Build lines: a build's log, printed as it comes."""

from collections.abc import Iterable, Mapping
from typing import Any

import click

from scienceops.cli.session import app


class BuildLines:
    """Prints each line of a version's build once."""

    def __init__(self) -> None:
        self._printed: dict[tuple[str, int], int] = {}
        self._lines: set[str] = set()

    def show(self, version: Mapping[str, Any]) -> None:
        """Print what its build has written since the last time."""
        if not version.get("build_id"):
            return
        key = (version["service"], version["version"])
        lines = app().build_log(*key).split("\n")[:-1]
        for line in lines[self._printed.get(key, 0) :]:
            click.echo(f"    {line}")
        self._printed[key] = len(lines)
        self._lines.update(lines)

    def have(self, lines: Iterable[str]) -> bool:
        """Whether all of these were printed, so that nobody has to read them again."""
        return self._lines.issuperset(lines)
