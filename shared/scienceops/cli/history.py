"""`scienceops history`: what happened to a service, and what was live when."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

import click

from scienceops.cli.session import app
from scienceops.cli.show import show_json, show_table
from scienceops.cli.times import parse_time


@click.command()
@click.argument("name")
@click.option(
    "--at", metavar="DATE", help="What was live at this time in UTC; a day means its end."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def history(name: str, at: str | None, as_json: bool) -> None:
    """The ledger of service NAME: who did what, when and why."""
    until = None if at is None else parse_time(at, whole_day=True).astimezone(UTC)
    entries = app().history(name, until)
    live = app().live_version(name, until)
    if as_json:
        show_json({"service": name, "live": live, "entries": entries})
        return
    if until is not None:
        if live is None:
            click.echo(f"nothing was live at {until:%Y-%m-%d %H:%M} UTC")
        else:
            click.echo(
                f"version {live['details']['version']} was live at {until:%Y-%m-%d %H:%M} UTC, "
                f"since {live['at'][:19]}, made so by {live['actor']}"
                + (f" ({live['why']})" if live["why"] else "")
            )
            click.echo(f"trained on: {_trained_on(live['details'])}")
        click.echo()
    show_table(
        ["#", "when", "who", "what", "version", "why"],
        [
            [
                e["sequence"],
                e["at"][:19],
                e["actor"],
                e["action"],
                e["details"].get("version"),
                e["why"].splitlines()[0] if e["why"] else "",
            ]
            for e in entries
        ],
    )


def _trained_on(details: Mapping[str, Any]) -> str:
    if not details.get("training_set"):
        return "the data it was packed with"
    return f"training set {details['training_set'][:12]} of retraining {details['retraining']}"
