"""`scienceops alerts`: which alerts of a service are firing, and what was sent of them."""

from typing import Any

import click

from scienceops.cli.session import app
from scienceops.cli.show import show_json, show_table
from scienceops.core.moments import moment


@click.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def alerts(name: str, as_json: bool) -> None:
    """How each alert rule of service NAME stands, and the events that were sent."""
    found = app().alerts(name)
    if as_json:
        show_json(found)
        return
    click.echo(
        f"{name}: alerts go to {found['url']}"
        if found["url"]
        else f"{name}: alerts go nowhere: `scienceops policy {name} set alert_url=URL`"
    )
    show_table(
        ["rule", "state", "since", "what"],
        [[r["rule"], _state(r), moment(r["since"]) or None, r["summary"]] for r in found["rules"]],
    )
    if found["deliveries"]:
        click.echo()
    show_table(
        ["event", "made", "is", "attempts", "next", "reason"],
        [
            [
                d["event"]["type"].removeprefix("dev.scienceops.alert."),
                moment(d["created_at"]),
                d["state"],
                d["attempts"],
                moment(d["next_at"]) if d["state"] == "pending" else None,
                d["reason"],
            ]
            for d in found["deliveries"]
        ],
    )
    if found["gone_before"]:
        click.echo(
            f"of events before {found['gone_before'][:10]}, only the last of each rule is kept"
        )


def _state(rule: dict[str, Any]) -> str:
    if rule["firing"]:
        return "firing"
    return "ok" if rule["watched"] else "not watched"
