"""`scienceops approve`: let a proved version be live."""

import time
from typing import Any

import click

from scienceops.cli.going_on import goes_on
from scienceops.cli.session import actor, app, check_carried_out
from scienceops.cli.show import show_json
from scienceops.errors import ScienceOpsError, Unavailable

LOOK_SECONDS = 0.2


@click.command()
@click.argument("name")
@click.argument("version", type=int)
@click.option("--comment", required=True, help="Why; kept in the ledger.")
@click.option("--timeout", default=300.0, show_default=True, help="Seconds to wait at most.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def approve(name: str, version: int, comment: str, timeout: float, as_json: bool) -> None:
    """Make VERSION of service NAME live, and wait until it is."""
    app().decisions.approve(name, version, actor(), comment)
    wait_until_live(name, version, timeout, as_json=as_json)


def wait_until_live(name: str, version: int, timeout: float, *, as_json: bool) -> None:
    """Wait until a promotion that was asked for is carried out, and say how it ended."""
    shown = f"`scienceops status {name}` shows it"
    with goes_on(f"version {version} of {name} goes live by itself: {shown}"):
        facts = wait_for_promotion(name, version, timeout)
    if as_json:
        show_json(facts)
    else:
        click.echo(f"version {version} of {name} is live; before it: {facts['previous']}")


def wait_for_promotion(name: str, version: int, timeout: float) -> dict[str, Any]:
    """The service with its live and previous version, once the promotion is carried out."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        service = app().service(name)
        if service["promotion"] is None:
            break
        check_carried_out("the decision is kept and carried out then")
        time.sleep(LOOK_SECONDS)
    else:
        raise Unavailable(
            f"version {version} is not live after {timeout:g} s; it goes on by itself"
        )
    if service["live"] != version:
        failed = [e for e in app().history(name) if e["action"] == "promotion failed"]
        reason = failed[-1]["why"] if failed else f"version {service['live']} is live instead"
        raise ScienceOpsError(f"version {version} of {name} did not go live: {reason}")
    return {"service": name, "live": version, "previous": service["previous"]}
