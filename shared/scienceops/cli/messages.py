"""`scienceops messages`: what the queues have set aside, and what becomes of it."""

import click

from scienceops.cli.session import app
from scienceops.cli.show import say, show_json, show_table
from scienceops.doctor.queues import next_step


@click.command()
@click.option("--resend", is_flag=True, help="Send them anew, to be tried as often as any other.")
@click.option("--forget", is_flag=True, help="Delete them.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def messages(resend: bool, forget: bool, as_json: bool) -> None:
    """Messages that were set aside, since every attempt at them failed, and the next step of each.

    `doctor` tells of them until they are sent anew or deleted.
    """
    if resend and forget:
        raise click.UsageError("--resend and --forget exclude each other")
    found = app().upkeep.set_aside()
    if not found:
        say({"set_aside": []}, "no message was set aside", as_json)
    elif resend or forget:
        _clear(len(found), as_json, resend=resend)
    elif as_json:
        show_json({"set_aside": found})
    else:
        show_table(
            ["queue", "message", "next"],
            [[m["queue"], _words(m["body"]), next_step(m["queue"], m["body"])] for m in found],
        )
        click.echo("then `scienceops messages --resend`, or `--forget`")


def _clear(count: int, as_json: bool, *, resend: bool) -> None:
    done = len(app().upkeep.set_aside("resend" if resend else "delete"))
    what = f"sent {done} anew" if resend else f"deleted {done}"
    if left := max(0, count - done):
        stays = f"{left} cannot be understood and stay{'s' if left == 1 else ''} set aside"
        what += f"; {stays}: `scienceops messages --forget` deletes what is left"
    say({"resent" if resend else "deleted": done, "left": left}, what, as_json)


def _words(body: dict[str, object]) -> str:
    return " ".join(str(value) for value in body.values() if value not in ("", None))[:60]
