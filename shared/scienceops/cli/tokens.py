"""`scienceops tokens`: make a named token for managing services."""

from typing import cast

import click

from scienceops.cli.session import actor, app
from scienceops.cli.show import show_json, show_table
from scienceops.core.access import ROLES, Role
from scienceops.core.moments import moment


@click.group()
def tokens() -> None:
    """Named tokens of people and programs that manage services."""


@tokens.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def create(name: str, role: str, as_json: bool) -> None:
    """Make a token called NAME. It is shown this once; only its hash is kept."""
    made = app().upkeep.create_token(name, cast("Role", role), actor())
    if as_json:
        show_json(made)
    else:
        click.echo(made["token"])
        click.echo(f"({role} token of {name}; it will not be shown again)", err=True)


@tokens.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def list_(as_json: bool) -> None:
    """The tokens that are good, without what they are."""
    found = app().upkeep.tokens()
    if as_json:
        show_json({"tokens": found})
        return
    if not found:
        click.echo("no tokens yet; make one with `scienceops tokens create NAME`")
    show_table(
        ["name", "role", "made", "by"],
        [[t["name"], t["role"], moment(t["created_at"]), t["created_by"]] for t in found],
    )


@tokens.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Make the token called NAME worthless, within two seconds."""
    app().upkeep.revoke_token(name, actor())
    click.echo(f"the token of {name} is worthless")
