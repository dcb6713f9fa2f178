"""`scienceops tokens`: make a named token for managing services."""

from typing import cast

import click

from scienceops.cli.session import actor, app
from scienceops.cli.show import show_json
from scienceops.core.access import ROLES, Role


@click.group()
def tokens() -> None:
    """Named tokens of people and programs that manage services."""


@tokens.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def create(name: str, role: str, as_json: bool) -> None:
    """Make a token called NAME. It is shown this once; only its hash is kept."""
    made = app().create_token(name, cast("Role", role), actor())
    if as_json:
        show_json(made)
    else:
        click.echo(made["token"])
        click.echo(f"({role} token of {name}; it will not be shown again)", err=True)
