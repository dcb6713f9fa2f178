"""Installer error: what uv or pip says was wrong, in one line, from all that it printed."""

import re
from collections.abc import Sequence
from itertools import takewhile

#: A line is to be read in a table; the build's log has all of it.
MOST_LETTERS = 500

#: `error: …` of uv, `ERROR: …` of pip; `× …` of both, when a package cannot be built.
_BEGINS = re.compile(r"error: |ERROR: |\s*× ")
#: What stands before a cause; a line without it goes on with the one before.
_CAUSE = re.compile(r"\s*(?:[│├╰─▶>]+ |cause: )")


def installer_error(lines: Sequence[str]) -> str:
    """The first error with the indented lines of its cause; empty when no error is told.

    >>> installer_error(["error: No solution found", "  cause: Because x was not found"])
    'No solution found: Because x was not found'
    >>> installer_error(["ERROR: No version of x (from versions: none)", "ERROR: No matching x"])
    'No version of x (from versions: none)'
    """
    begin = next((at for at, line in enumerate(lines) if _BEGINS.match(line)), None)
    if begin is None:
        return ""
    told = _BEGINS.sub("", lines[begin], count=1).strip()
    for line in takewhile(lambda line: line[:1].isspace() and line.strip(), lines[begin + 1 :]):
        cause = _CAUSE.match(line)
        told = f"{told.rstrip(':')}: {line[cause.end() :]}" if cause else f"{told} {line.strip()}"
    return told if len(told) <= MOST_LETTERS else f"{told[: MOST_LETTERS - 1]}…"
