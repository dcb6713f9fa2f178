"""`scienceops policy`: what may be decided for a service without making a new model."""

from typing import Any

import click

from scienceops.cli.session import actor, app
from scienceops.cli.show import show_json, show_table
from scienceops.core.policy import Policy, policy_text
from scienceops.core.started_with import going_on
from scienceops.errors import BadInput, BadPolicy


@click.command()
@click.argument("name")
@click.argument("what", default="show", type=click.Choice(["show", "set", "edit"]))
@click.argument("pairs", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def policy(name: str, what: str, pairs: tuple[str, ...], as_json: bool) -> None:
    """Show the policy of service NAME, `set KEY=VALUE ...`, or `edit` it.

    Every key holds as soon as it is set, but for what a version's scorer is told when it first
    starts: capture, capture_sampling, direct=true and runtime. Started versions go on as they are;
    the next version takes it up.
    """
    if what != "set" and pairs:
        raise BadInput(f"{pairs[0]!r}: to set it, `scienceops policy {name} set {pairs[0]}`")
    changes: dict[str, str] = {}
    before = app().service(name)["policy"]
    if what == "set":
        changes = _parsed(pairs)
        if not changes:
            raise BadInput(f"set what? `scienceops policy {name} set KEY=VALUE`")
        app().decisions.change_policy(name, changes, actor())
    if what == "edit":
        changes = _edited(before)
        if changes:
            app().decisions.change_policy(name, changes, actor())
    service = app().service(name)
    current, notes = service["policy"], going_on(service)
    if as_json:
        show_json({"service": name, "policy": current, "notes": notes})
        return
    if what == "show":
        show_table(
            ["key", "value", "what it decides"],
            [
                [key, policy_text(current[key]), field.description]
                for key, field in Policy.model_fields.items()
            ],
        )
    elif not changes:
        click.echo("nothing was changed")
    for key in changes:
        then, now = policy_text(before[key]), policy_text(current[key])
        told = "as before" if then == now else f"it was {then or 'empty'}"
        click.echo(f"{key} = {now} ({told})")
    for note in notes:
        click.echo(f"note: {note}")


def _parsed(pairs: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign:
            raise BadInput(f"{pair!r}: wanted KEY=VALUE")
        found[key.strip()] = value.strip()
    return found


def _edited(current: dict[str, Any]) -> dict[str, str]:
    lines = [
        f"# {field.description}\n{key} = {policy_text(current[key])}\n"
        for key, field in Policy.model_fields.items()
    ]
    text = click.edit("\n".join(lines), extension=".conf")
    if text is None:
        return {}
    changes = _parsed(tuple(line for line in text.splitlines() if line.strip() and line[0] != "#"))
    unknown = sorted(set(changes) - set(current))
    if unknown:
        keys = ", ".join(Policy.model_fields)
        raise BadPolicy(f"unknown policy key {unknown[0]!r}: keys are {keys}")
    return {key: value for key, value in changes.items() if value != policy_text(current[key])}
