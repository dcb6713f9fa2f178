"""`scienceops retrain`: make a candidate from captured and labelled rows."""

import time
from typing import Any

import click

from scienceops.cli.going_on import goes_on
from scienceops.cli.session import actor, app, check_carried_out
from scienceops.cli.show import say, show_json, show_table
from scienceops.cli.times import parse_day
from scienceops.core.moments import moment
from scienceops.errors import ScienceOpsError, Unavailable

LOOK_SECONDS = 0.3
RESTING = {"compared", "failed", "cancelled", "dismissed", "proposed"}


@click.command()
@click.argument("name")
@click.option("--from", "since", help="First day of the captured rows, in UTC.")
@click.option("--to", "until", help="Last day of the captured rows, in UTC.")
@click.option("--flagged-only", is_flag=True, help="Learn only from rows flagged `retrain`.")
@click.option(
    "--keep-original", type=float, help="Share of the original training data kept, 0 to 1."
)
@click.option("--half-life", type=float, help="Age in days at which a captured row weighs half.")
@click.option("--comment", "--why", "why", default="", help="Why; kept in the ledger.")
@click.option("--start", type=int, help="Number of a proposal to carry out.")
@click.option("--dismiss", type=int, help="Number of a proposal to dismiss.")
@click.option("--cancel", type=int, help="Number of a retraining to end.")
@click.option(
    "--wait", is_flag=True, help="Follow it, log and all, until the candidate is compared."
)
@click.option("--timeout", default=3600.0, show_default=True, help="Seconds to wait at most.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def retrain(
    name: str,
    since: str | None,
    until: str | None,
    flagged_only: bool,
    keep_original: float | None,
    half_life: float | None,
    why: str,
    start: int | None,
    dismiss: int | None,
    cancel: int | None,
    wait: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """List the retrainings of service NAME, or begin one: --from DAY --to DAY.

    Rows with labels in those days join the original training data, the package's train.py makes
    the next version, and it is compared with the live one. Then a person decides:
    `scienceops approve NAME VERSION`.
    """
    decisions = app().decisions
    if dismiss is not None or cancel is not None:
        number = dismiss if dismiss is not None else cancel or 0
        ended = decisions.end_retraining(name, number, actor(), why)
        say(ended.to_body(), f"retraining {number} is {ended.state}", as_json)
        return
    if start is not None:
        begun = decisions.start_proposed(name, start, actor())
    elif since or until:
        selection: dict[str, Any] = {
            "since": parse_day(since or until or ""),
            "until": parse_day(until or since or ""),
            "flagged_only": flagged_only,
            "half_life_days": half_life,
        }
        if keep_original is not None:
            selection["keep_original"] = keep_original
        begun = decisions.retrain(name, selection, actor(), why)
    elif wait:
        raise click.UsageError("--wait follows a retraining: give --from DAY and --to DAY")
    else:
        _show_all(name, decisions.retrainings(name), as_json)
        return
    if not wait:
        sentence = (
            f"retraining {begun.number} is {begun.state}; follow it with "
            f"`scienceops retrain {name}`, or --wait"
        )
        say(begun.to_body(), sentence, as_json)
        return
    number, shown = begun.number, f"`scienceops retrain {name}` shows it"
    with goes_on(f"retraining {number} goes on by itself: {shown}, `--cancel {number}` ends it"):
        found = wait_for_retraining(name, number, timeout, quiet=as_json)
    if found["state"] != "compared":
        raise ScienceOpsError(f"retraining {begun.number} {found['state']}: {found['reason']}")
    if as_json:
        show_json({key: value for key, value in found.items() if key != "log"})
    else:
        show_comparison(name, found)


def wait_for_retraining(name: str, number: int, timeout: float, *, quiet: bool) -> dict[str, Any]:
    """The retraining once it rests; says each state and the job's log on the way unless quiet."""
    end = time.monotonic() + timeout
    state, told = "", 0
    while time.monotonic() < end:
        found = app().decisions.retraining(name, number)
        if not quiet:
            if found["state"] != state:
                click.echo(f"  {found['state']}")
                told = 0
            log: str = found["log"]
            if len(log) > told and found["state"] == "training":
                click.echo("".join(f"    {line}\n" for line in log[told:].splitlines()), nl=False)
                told = len(log)
        state = found["state"]
        if state in RESTING:
            return found
        check_carried_out(f"retraining {number} is kept and goes on from there")
        time.sleep(LOOK_SECONDS)
    raise Unavailable(f"still {state} after {timeout:g} s; it goes on by itself")


def show_comparison(name: str, found: dict[str, Any]) -> None:
    """The candidate beside the live version, for people."""
    comparison, version = found["comparison"], found["version"]
    click.echo(f"\nversion {version} beside live version {comparison['live']}:")
    rows = []
    for part, told in (("recent", "new rows held out"), ("original", "original rows held out")):
        part_found = comparison[part]
        for measure in part_found["live"]:
            if measure.endswith(("_low", "_high")) or measure == "labelled":
                continue
            values = [part_found[side].get(measure) for side in ("live", "candidate")]
            rows.append([f"{told} ({part_found['rows']})", measure, *values])
    replay = comparison["replay"]
    if replay["rows"]:
        told = f"captured rows replayed ({replay['rows']})"
        if "moved" in replay:
            rows.append([told, "spread of answers", replay["spread"], ""])
            rows.append([told, "median move of answers", "", replay["moved"]])
        elif comparison.get("metric") != "r2":
            rows.append([told, "agreement", "", replay["agreement"]])
        rows += [
            [
                told,
                f"latency {measure} (ms)",
                *(replay["latency_ms"][side][measure] for side in ("live", "candidate")),
            ]
            for measure in ("median", "p95")
        ]
    show_table(["on", "measure", "live", "candidate"], rows)
    click.echo(("better: " if comparison["better"] else "not better: ") + comparison["why"])
    click.echo(
        f"decide with `scienceops approve {name} {version} --comment ...` or "
        f"`scienceops reject {name} {version} --comment ...`"
    )


def _show_all(name: str, found: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        show_json({"service": name, "retrainings": found})
        return
    if not found:
        click.echo(
            f"no retrainings of {name!r} yet; begin one with "
            f"`scienceops retrain {name} --from DAY --to DAY`"
        )
    show_table(
        ["#", "state", "from", "to", "asked by", "at", "version", "why or reason"],
        [
            [
                r["number"],
                r["candidate"] or r["state"],
                r["selection"]["since"],
                r["selection"]["until"],
                r["requested_by"],
                moment(r["requested_at"]),
                r["version"],
                (r["reason"] or r["comparison"].get("why") or r["why"]).splitlines()[0]
                if r["reason"] or r["comparison"] or r["why"]
                else "",
            ]
            for r in found
        ],
    )
