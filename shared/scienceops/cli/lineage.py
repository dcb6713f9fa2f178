"""`scienceops lineage`: from one prediction back to what it came from."""

from collections import Counter
from typing import Any

import click

from scienceops.cli.session import app
from scienceops.cli.show import show_json

#: More labels than this are counted, not listed.
MOST_LABELS = 10


@click.command()
@click.argument("request_id")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def lineage(request_id: str, as_json: bool) -> None:
    """Tell from REQUEST_ID which version answered, what made it, and what is known since."""
    found = app().trace(request_id)
    if as_json:
        show_json(found)
        return
    click.echo(
        f"answered   {found['captured_at']} by version {found['version']} of {found['service']}"
    )
    click.echo(f"captured   {found['captures']}")
    click.echo(f"package    {found['package_digest']}")
    click.echo(f"           {found['package']}, uploaded {found['uploaded_at']}")
    training = found["training_set"]
    if training is None:
        click.echo("trained    where it was packed; its package holds what is known of it")
    else:
        click.echo(f"trained    on set {training['training_set']}, from version {training['base']}")
        report = training.get("report", {})
        click.echo(
            f"           {report.get('learned_from')} rows: captured from {report.get('since')} to "
            f"{report.get('until')}, and original ones"
        )
    for entry in found["made_live"]:
        click.echo(f"live       since {entry['at'][:19]} by {entry['by']}: {entry['why']}")
    for line in _labels(found["labels"]):
        click.echo(f"label      {line}")
    for key, why in found["unread_labels"].items():
        click.echo(f"left out   {key}: {why}")
    for flag in found["flags"]:
        click.echo(f"flag       {flag['number']} {flag['kind']} by {flag['by']}: {flag['comment']}")


def _labels(labels: list[dict[str, Any]]) -> list[str]:
    if len(labels) <= MOST_LABELS:
        return [f"row {label['row']}: {label['label']}" for label in labels]
    counts = Counter(str(label["label"]) for label in labels)
    return [
        f"{label}, {count} row{'s' if count > 1 else ''}"
        for label, count in sorted(counts.items())[:MOST_LABELS]
    ]
