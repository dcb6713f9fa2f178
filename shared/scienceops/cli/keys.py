"""`scienceops keys`: make, list and revoke a service's API keys."""

from typing import Literal, cast

import click

from scienceops.cli.session import actor, app
from scienceops.cli.show import show_json, show_table
from scienceops.core.moments import moment

Slot = Literal["primary", "secondary"]
_SLOT = click.Choice(["primary", "secondary"])
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")


@click.group()
@click.argument("name")
@click.pass_context
def keys(ctx: click.Context, name: str) -> None:
    """API keys of service NAME: two slots, so that one can be replaced while the other serves."""
    ctx.obj = name


@keys.command()
@click.option("--slot", type=_SLOT, help="Which slot to fill; a free one unless given.")
@_JSON
@click.pass_obj
def create(name: str, slot: str | None, as_json: bool) -> None:
    """Make a key. It is shown this once; only its hash is kept."""
    made = app().create_key(name, cast("Slot | None", slot), actor())
    if as_json:
        show_json(made)
    else:
        click.echo(made["key"])
        click.echo(f"({made['slot']} key of {name}; it will not be shown again)", err=True)


@keys.command("list")
@_JSON
@click.pass_obj
def list_keys(name: str, as_json: bool) -> None:
    """The slots in use, without the keys."""
    found = app().service(name)["keys"]
    if as_json:
        show_json(found)
    elif not found:
        click.echo(f"no keys yet: `scienceops keys {name} create`")
    else:
        show_table(
            ["slot", "key", "created", "by"],
            [[k["slot"], k["hint"], moment(k["created_at"]), k["created_by"]] for k in found],
        )


@keys.command()
@click.argument("slot", type=_SLOT)
@click.pass_obj
def revoke(name: str, slot: str) -> None:
    """Make the key in SLOT worthless, within two seconds."""
    app().revoke_key(name, cast("Slot", slot), actor())
    click.echo(f"the {slot} key of {name} is revoked")
