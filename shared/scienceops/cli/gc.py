"""`scienceops gc`: what takes room and is of no more use, and delete it."""

import sys
from dataclasses import asdict
from datetime import timedelta

import click

from scienceops.bootstrap import connect_disk
from scienceops.cli.session import app
from scienceops.cli.show import show_json, show_table
from scienceops.core.garbage import KINDS_IN_BUCKET, Garbage

SHOWN = 200


@click.command()
@click.option("--yes", is_flag=True, help="Delete without asking.")
@click.option(
    "--older-than",
    "days",
    type=click.FloatRange(min=0),
    default=30,
    show_default=True,
    metavar="DAYS",
    help="Age at which builds, jobs, logs and run manifests of ended work may go.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def gc(yes: bool, days: float, as_json: bool) -> None:
    """Say what can be deleted and how much room that gives; delete it when told to.

    Versions, captures, labels and training sets are kept for good.
    """
    found = _find(days)
    disk = connect_disk(app().settings)
    unseen = disk.unseen() if disk else ""
    if unseen:
        click.echo(f"{unseen}; name the engine with DOCKER_HOST=unix://PATH", err=True)
    wanted = yes or (bool(found) and not as_json and sys.stdin.isatty() and _ask(found))
    if not as_json and (yes or not wanted):
        _show(found)
    deleted = _delete(found, days) if wanted and found else []
    if as_json:
        show_json(
            {
                "found": [asdict(item) for item in found],
                "found_bytes": _bytes(found),
                "deleted": [item.name for item in deleted],
                "deleted_bytes": _bytes(deleted),
            }
        )
    elif deleted:
        click.echo(f"deleted {len(deleted)}, {_size(_bytes(deleted))}")
    elif found and not wanted:
        click.echo("nothing was deleted: `scienceops gc --yes` does it")


def _find(days: float) -> list[Garbage]:
    platform, older_than = app(), timedelta(days=days)
    disk = connect_disk(platform.settings)
    on_disk = disk.find(platform.upkeep.in_use(), platform.clock(), older_than) if disk else []
    return [*platform.upkeep.find_garbage(older_than), *on_disk]


def _delete(found: list[Garbage], days: float) -> list[Garbage]:
    disk = connect_disk(app().settings)
    # Looked at again: somebody may have thought for long, and used some of it meanwhile.
    still = {(item.kind, item.name, item.seen) for item in _find(days)}
    deleted = []
    for item in found:
        if (item.kind, item.name, item.seen) not in still:
            continue
        in_bucket = item.kind in KINDS_IN_BUCKET
        gone = (
            app().upkeep.delete_garbage(item)
            if in_bucket
            else disk is not None and disk.delete(item)
        )
        if gone:
            deleted.append(item)
    return deleted


def _ask(found: list[Garbage]) -> bool:
    _show(found)
    return click.confirm("delete all of it?", default=False)


def _show(found: list[Garbage]) -> None:
    if not found:
        click.echo("nothing to delete")
        return
    rows = [[item.kind, item.name, _size(item.size_bytes), item.why] for item in found[:SHOWN]]
    show_table(["what", "where", "room", "why it can go"], rows)
    if len(found) > SHOWN:
        click.echo(f"... and {len(found) - SHOWN} more")
    click.echo(f"{len(found)} to delete, which gives {_size(_bytes(found))}")


def _bytes(items: list[Garbage]) -> int:
    return sum(item.size_bytes for item in items)


def _size(size_bytes: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if size_bytes < 1024:
            return f"{size_bytes:.0f} {unit}"
        size_bytes /= 1024
    return f"{size_bytes:.1f} GiB"
