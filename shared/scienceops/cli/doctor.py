"""`scienceops doctor`: what this machine has and lacks for ScienceOps."""

import sys

import click

from scienceops.cli.show import show_json

COLOURS = {"ok": "green", "missing": "red", "optional": "yellow"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def doctor(as_json: bool) -> None:
    """Look at everything that ScienceOps needs here; exit code 1 when some of it is missing."""
    from scienceops.doctor import examine

    checks = examine()
    healthy = all(check.state != "missing" for check in checks)
    if as_json:
        show_json({"healthy": healthy, "checks": [check.to_dict() for check in checks]})
    else:
        for check in checks:
            state = click.style(f"{check.state:<8}", fg=COLOURS[check.state])
            fix = f" -> {check.fix}" if check.fix else ""
            click.echo(f"{state}  {check.name}: {check.found}{fix}")
    sys.exit(0 if healthy else 1)
