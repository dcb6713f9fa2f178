"""`scienceops stats`: what the statistics say about a service's data."""

import sys
import time
from typing import Any

import click

from scienceops.cli.going_on import goes_on
from scienceops.cli.session import actor, app, check_carried_out
from scienceops.cli.show import show_json, show_table
from scienceops.cli.times import parse_day
from scienceops.core.labels import told_unmatched
from scienceops.core.stats.terms import NOT_COMPARED, VERDICTS
from scienceops.errors import ScienceOpsError

LOOK_SECONDS = 0.3
ENDS = ("succeeded", "failing", "abandoned")
SHOWN = ("verdict", "effect", "q_value", "psi", "mean", "coefficient_of_variation", "missing")
#: What shipping a sealed segment may take.
SEAL_SECONDS = 5


@click.command()
@click.argument("name")
@click.option("--run", is_flag=True, help="Compute every day of the service anew, and wait.")
@click.option("--engine", type=click.Choice(["auto", "inline", "spark"]), help="With --run.")
@click.option("--from", "--since", "since", metavar="DATE", help="First day.")
@click.option("--to", "--until", "until", metavar="DATE", help="Last day.")
@click.option("--feature", multiple=True, help="Only this feature; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Every statistic, as one JSON object.")
def stats(
    name: str,
    run: bool,
    engine: str | None,
    since: str | None,
    until: str | None,
    feature: tuple[str, ...],
    as_json: bool,
) -> None:
    """Statistics per feature and day of service NAME, compared with its training data."""
    if engine and not run:
        raise click.UsageError("--engine says what --run computes with: add --run")
    first, last = (None if day is None else parse_day(day) for day in (since, until))
    if run:
        run_and_wait(name, engine, quiet=as_json)
    rows = app().monitors.statistics(
        name,
        features=list(feature) or None,
        since=first,
        until=last,
        statistics=None if as_json else SHOWN,
    )
    if as_json:
        show_json({"service": name, "days": app().monitors.days(name), "rows": rows})
    elif not rows and (feature or since or until):
        known = ", ".join(column.name for column in app().schema(name).columns)
        dates = [day["date"] for day in app().monitors.days(name)]
        there = f"days are {min(dates)} to {max(dates)}" if dates else "there are none of any day"
        click.echo(f"no statistics of these features and days; features are {known}; {there}")
    elif not rows:
        click.echo(f"no statistics yet: `scienceops stats {name} --run` computes them now")
    else:
        show_verdicts(rows)


def run_and_wait(name: str, engine: str | None, *, quiet: bool) -> dict[str, Any]:
    """Ask for a run over every day of the service and wait until it has succeeded."""
    check_carried_out()
    began = time.monotonic()
    # Rows scored a moment ago are in the bucket once their segment is sealed.
    patience = app().settings.segment_seconds + SEAL_SECONDS
    while (asked := app().request_statistics(name, actor(), engine)) is None:
        if time.monotonic() - began > patience:
            raise ScienceOpsError(f"service {name!r} has no captured rows yet: score some first")
        time.sleep(LOOK_SECONDS)
    with goes_on(f"run {asked.number} goes on by itself: `scienceops status` shows it"):
        return _follow(asked.number, began, quiet=quiet)


def _follow(number: int, began: float, *, quiet: bool) -> dict[str, Any]:
    told = ""
    while True:
        found = app().run(number)
        if told and found["state"] in ENDS and sys.stderr.isatty():
            click.echo(err=True)
        if found["state"] == "succeeded":
            _say_left_out(found["result"])
            return found
        if found["state"] in ENDS:
            raise ScienceOpsError(f"run {number} fails: {found['reason']}")
        if not quiet:
            told = _say_progress(found, time.monotonic() - began, told)
        check_carried_out(f"run {number} goes on from there")
        time.sleep(LOOK_SECONDS)


def _say_left_out(result: dict[str, Any]) -> None:
    # A run that ended before an upgrade may not know of any.
    for told in result.get("unread", []):
        click.echo(f"left out {told['key']}: {told['why']}", err=True)
    if count := result.get("unmatched_labels", 0):
        shown = "`scienceops lineage REQUEST_ID` shows a request with its labels"
        click.echo(f"{told_unmatched(count)}; {shown}", err=True)


def _say_progress(run: dict[str, Any], spent: float, last: str) -> str:
    """Say how a run stands: by one line that changes, or by one for each state where none can."""
    state: str = run["state"]
    told = f"  run {run['number']} {state}"
    if sys.stderr.isatty():
        click.echo(f"\r{told} ({spent:.0f} s)", nl=False, err=True)
    elif state != last:
        click.echo(told, err=True)
    return state


def show_verdicts(rows: list[dict[str, Any]]) -> None:
    """One line per feature and day: verdict, effect, q and the statistics next to them."""
    table: dict[tuple[str, str, str], dict[str, float]] = {}
    for row in rows:
        place = (row["prediction_date"], row["model_id"], row["feature_name"])
        table.setdefault(place, {})[row["statistic"]] = row["value"]
    lines = [
        [
            *place,
            VERDICTS[found.get("verdict", NOT_COMPARED)],
            *(found.get(s) for s in SHOWN[1:]),
        ]
        for place, found in sorted(table.items())
    ]
    show_table(["day", "model", "feature", *SHOWN], lines)
