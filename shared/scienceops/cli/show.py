"""Show: what every command prints, for people as tables, for scripts as JSON."""

import json
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import Any

import click

#: Of a column in a terminal; a narrower one is not wrapped.
LEAST_ROOM = 20


def show_json(value: Any) -> None:
    """One line of JSON on standard output."""
    click.echo(json.dumps(value, default=str))


def show_table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table with aligned columns; nothing when there are no rows.

    In a terminal that it does not fit into, the last column is wrapped.
    """
    if not rows:
        return
    texts = [[_text(cell) for cell in row] for row in rows]
    widths = [max(len(header), *(len(row[i]) for row in texts)) for i, header in enumerate(headers)]
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    click.secho(_line(headers, widths), bold=True)
    for row in texts:
        line = _line(row, widths)
        click.echo(_wrapped(row, widths, columns) if columns and len(line) > columns else line)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True)).rstrip()


def _wrapped(row: Sequence[str], widths: Sequence[int], columns: int) -> str:
    """The line of a row, its last column under itself, or below where that would be too narrow."""
    first, before = _line(row[:-1], widths[:-1]), sum(widths[:-1]) + 2 * (len(row) - 1)
    if columns - before < LEAST_ROOM:
        return "\n".join(
            [
                first,
                *(
                    f"    {line}"
                    for line in textwrap.wrap(row[-1], columns - 4, break_on_hyphens=False)
                ),
            ]
        )
    lines = textwrap.wrap(row[-1], columns - before, break_on_hyphens=False)
    return first.ljust(before) + ("\n" + " " * before).join(lines)


def _text(cell: Any) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, float):
        return f"{cell:.4g}"
    return str(cell)


def say(body: Any, sentence: str, as_json: bool) -> None:
    """What was done: as JSON for scripts, as a sentence for people."""
    if as_json:
        show_json(body)
    else:
        click.echo(sentence)
