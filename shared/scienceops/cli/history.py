"""`scienceops history`: what happened to a service, and what was live when."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

import click

from scienceops.cli.session import app
from scienceops.cli.show import show_json, show_table
from scienceops.cli.times import parse_time
from scienceops.core.ledger_words import words_of


@click.command()
@click.argument("name")
@click.option(
    "--at",
    metavar="DATE",
    help="What was live at this time in UTC; a day means its end, or now when it is not over.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def history(name: str, at: str | None, as_json: bool) -> None:
    """The ledger of service NAME: who did what, when and why."""
    until, ahead = None, ""
    if at is not None:
        begins = parse_time(at).astimezone(UTC)
        until, now = parse_time(at, whole_day=True).astimezone(UTC), app().clock()
        if until > now:
            # Nobody knows yet what will be live then.
            begun = begins <= now
            ahead = (
                f"{at} is not over" if begun else f"{begins:%Y-%m-%d %H:%M} UTC is still to come"
            )
            until = now
    entries = app().history(name, until)
    live = app().live_version(name, until)
    if as_json:
        show_json({"service": name, "live": live, "entries": entries})
        return
    if until is not None:
        was = f"{'is live now,' if ahead else 'was live at'} {until:%Y-%m-%d %H:%M} UTC"
        if ahead:
            click.echo(f"{ahead}; as of now:")
        if live is None:
            click.echo(f"nothing {was}")
        else:
            click.echo(
                f"version {live['details']['version']} {was}, "
                f"since {live['at'][:19]}, made so by {live['actor']}"
                + (f" ({live['why']})" if live["why"] else "")
            )
            if live["division"]:
                click.echo(f"calls: {live['division']}")
            click.echo(f"trained on: {_trained_on(live['details'])}")
        if entries:
            click.echo()
    show_table(
        ["#", "when", "who", "what", "version", "why"],
        [
            [
                e["sequence"],
                e["at"][:19],
                e["actor"],
                ": ".join(filter(None, [e["action"], words_of(e)])),
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
