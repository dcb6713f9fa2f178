"""`scienceops reject`: turn a version down for good."""

import click

from scienceops.cli.session import actor, app
from scienceops.cli.show import show_json


@click.command()
@click.argument("name")
@click.argument("version", type=int)
@click.option("--comment", required=True, help="Why; kept in the ledger.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def reject(name: str, version: int, comment: str, as_json: bool) -> None:
    """Turn VERSION of service NAME down; its files and its history stay."""
    rejected = app().decisions.reject(name, version, actor(), comment)
    if as_json:
        show_json({"service": name, "version": version, "state": rejected.state.value})
    else:
        click.echo(f"version {version} of {name} is rejected")
