"""`scienceops policy`: show a service's policy, or set one key of it."""

from collections.abc import Mapping
from typing import Any

import click

from scienceops.cli.session import actor, app
from scienceops.cli.show import show_json, show_table


@click.command()
@click.argument("name")
@click.argument("key", required=False)
@click.argument("value", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def policy(name: str, key: str | None, value: str | None, as_json: bool) -> None:
    """The policy of service NAME; with KEY and VALUE, set that key first."""
    if (key is None) != (value is None):
        raise click.UsageError(f"{key} wants a value: `scienceops policy {name} {key} VALUE`")
    found: Mapping[str, Any] = (
        app().service(name)["policy"]
        if key is None or value is None
        else app().change_policy(name, key, value, actor())
    )
    if as_json:
        show_json(found)
    else:
        show_table(["key", "value"], [[k, _text(v)] for k, v in found.items()])


def _text(value: Any) -> Any:
    return ",".join(value) if isinstance(value, list) else value
