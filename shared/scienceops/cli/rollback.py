"""`scienceops rollback`: one step back to the version that was live before."""

import click

from scienceops.cli.approve import wait_until_live
from scienceops.cli.session import actor, app


@click.command()
@click.argument("name")
@click.option("--comment", default="", help="Why; kept in the ledger.")
@click.option("--timeout", default=300.0, show_default=True, help="Seconds to wait at most.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def rollback(name: str, comment: str, timeout: float, as_json: bool) -> None:
    """Make the version of service NAME live that was live before."""
    promotion = app().decisions.roll_back(name, actor(), comment)
    wait_until_live(name, promotion.version, timeout, as_json=as_json)
