"""Log files: what a status shows of them."""

import os
from pathlib import Path

TAIL_LINES = 20
_TAIL_BYTES = 64 * 1024


def read_log(path: Path) -> str:
    """The whole text, empty when there is none."""
    try:
        return path.read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return ""


def tail_of(path: Path, *, since: int = 0) -> tuple[str, ...]:
    """The last lines, none from before byte `since`, read without the rest of a long log."""
    try:
        with path.open("rb") as file:
            file.seek(max(since, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            return tuple(file.read().decode(errors="replace").splitlines()[-TAIL_LINES:])
    except FileNotFoundError:
        return ()
