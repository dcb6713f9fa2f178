"""Show: what every command prints, for people as tables, for scripts as JSON."""

import json
from collections.abc import Sequence
from typing import Any

import click


def show_json(value: Any) -> None:
    """One line of JSON on standard output."""
    click.echo(json.dumps(value, default=str))


def show_table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table with aligned columns; nothing when there are no rows."""
    if not rows:
        return
    texts = [[_text(cell) for cell in row] for row in rows]
    widths = [max(len(header), *(len(row[i]) for row in texts)) for i, header in enumerate(headers)]
    click.secho("  ".join(h.ljust(w) for h, w in zip(headers, widths, strict=True)), bold=True)
    for row in texts:
        click.echo("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip())


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
