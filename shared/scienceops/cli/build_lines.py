"""Build lines: a build's log, printed as it comes."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import click

from scienceops.cli.session import app


class BuildLines:
    """Prints each line of a version's build once.

    Where two images are built at once their logs stand one after the other, and both grow. So what
    was printed is known by its words and how often they came, not by its place.
    """

    def __init__(self) -> None:
        self._printed: defaultdict[tuple[str, int], Counter[str]] = defaultdict(Counter)

    def show(self, version: Mapping[str, Any]) -> None:
        """Print what its build has written since the last time."""
        if not version.get("build_id"):
            return
        key = (version["service"], version["version"])
        printed, seen = self._printed[key], Counter[str]()
        for line in app().build_log(*key).split("\n")[:-1]:
            seen[line] += 1
            if seen[line] > printed[line]:
                printed[line] += 1
                click.echo(f"    {line}")

    def have(self, lines: Iterable[str]) -> bool:
        """Whether all of these were printed, so that nobody has to read them again."""
        return set(lines) <= set().union(*self._printed.values())
