"""`scienceops flag`: say of captured rows that they are wrong, or worth learning from."""

from typing import Any, Literal

import click

from scienceops.cli.session import actor, app
from scienceops.cli.show import say, show_json, show_table
from scienceops.cli.times import parse_window
from scienceops.core.moments import last_day, moment

Kind = Literal["wrong", "retrain"]


@click.command()
@click.argument("name")
@click.argument("kind", required=False, type=click.Choice(["wrong", "retrain"]))
@click.option("--from", "since", help="First day, or time, in UTC.")
@click.option("--to", "until", help="Last day, or time, in UTC.")
@click.option("--request", "requests", multiple=True, help="A request id; may be given often.")
@click.option("--undo", type=int, help="Number of a flag that shall hold no more.")
@click.option("--comment", default="", help="Why; kept in the ledger.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def flag(
    name: str,
    kind: Kind | None,
    since: str | None,
    until: str | None,
    requests: tuple[str, ...],
    undo: int | None,
    comment: str,
    as_json: bool,
) -> None:
    """List the flags of service NAME, or add one: KIND is `wrong` or `retrain`.

    Rows flagged `wrong` are never learned from, whatever `retrain` flag covers them before or
    after, until that flag is undone with --undo.
    """
    decisions = app().decisions
    if undo is not None:
        made = decisions.undo_flag(name, undo, actor(), comment)
        say(made.to_body(), f"flag {undo} holds no more", as_json)
    elif kind is not None:
        if not (since or until or requests):
            raise click.UsageError("say which rows: --from DAY [--to DAY], or --request ID")
        window: dict[str, Any] = {}
        if since or until:
            begin, end = parse_window(since or until or "", until or since or "")
            window = {"since": begin, "until": end}
        made = decisions.flag(name, kind, actor(), request_ids=requests, comment=comment, **window)
        notes = decisions.notes_on(name, made)
        told = "; ".join([f"flag {made.number}: {kind}", *notes])
        say({**made.to_body(), "notes": notes}, told, as_json)
    else:
        flags = decisions.flags(name)
        if as_json:
            show_json({"service": name, "flags": flags})
            return
        if not flags:
            click.echo(f"{name!r} has no flags; `scienceops flag {name} --help` says how to flag")
        show_table(
            ["#", "kind", "from", "to", "requests", "by", "holds", "comment"],
            [
                [
                    f["number"],
                    f["kind"] if not f["of"] else f"undo {f['of']}",
                    *_window(f),
                    len(f["request_ids"]) or "",
                    f["by"],
                    _holds(f),
                    f["comment"],
                ]
                for f in flags
            ],
        )


def _window(flag: dict[str, Any]) -> tuple[str, str]:
    """Whole days as they were typed, the last of them included; else times."""
    since, until = flag["since"], flag["until"]
    last = last_day(until, since)
    return (since[:10], last) if last else (moment(since), moment(until))


def _holds(flag: dict[str, Any]) -> str:
    if not flag["holds"]:
        return "no"
    others = ", ".join(map(str, flag["overruled_by"]))
    return f"yes, but rows of {others} stay wrong" if others else "yes"
