"""`scienceops retry`: take a failed version through its steps again."""

import click

from scienceops.cli.session import actor, app


@click.command()
@click.argument("name")
@click.argument("version", type=int)
def retry(name: str, version: int) -> None:
    """Build, deploy and prove the failed VERSION of NAME once more."""
    app().retry(name, version, actor())
    click.echo(f"version {version} of {name} starts over; `scienceops status {name}` shows it")
