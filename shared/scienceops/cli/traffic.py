"""`scienceops traffic`: divide the calls of a service between versions."""

import click

from scienceops.cli.session import actor, app
from scienceops.cli.show import show_json
from scienceops.errors import BadInput


@click.command()
@click.argument("name")
@click.argument("weights", nargs=-1, metavar="[VERSION=WEIGHT]...")
@click.option("--shadow", type=int, help="A version that is asked too, captured, never heard.")
@click.option("--reset", is_flag=True, help="All calls to the live version, and no shadow.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def traffic(
    name: str, weights: tuple[str, ...], shadow: int | None, reset: bool, as_json: bool
) -> None:
    """Show how the calls of service NAME are divided, or divide them: `3=90 4=10`."""
    if reset and (weights or shadow is not None):
        raise BadInput("--reset takes no weights and no shadow")
    if weights or shadow is not None or reset:
        app().decisions.share_traffic(name, _parsed(weights), shadow, actor())
    service = app().service(name)
    split = service["traffic"] or {str(service["live"]): 1}
    if as_json:
        show_json({"service": name, "traffic": split, "shadow": service["shadow"]})
        return
    total = sum(split.values())
    for version, weight in split.items():
        live = ", live" if version == str(service["live"]) else ""
        click.echo(f"version {version}: {weight / total:.0%}{live}")
    if service["shadow"] is not None:
        click.echo(f"version {service['shadow']}: shadow")


def _parsed(weights: tuple[str, ...]) -> dict[int, int]:
    found: dict[int, int] = {}
    for text in weights:
        version, _, weight = text.partition("=")
        if not version.isdigit() or not weight.isdigit():
            raise BadInput(f"{text!r}: wanted VERSION=WEIGHT, like 3=90")
        if int(version) in found:
            raise BadInput(f"version {version} has two weights")
        found[int(version)] = int(weight)
    return found
