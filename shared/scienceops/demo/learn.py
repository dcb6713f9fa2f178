"""Learn: from drifted days to a candidate, its comparison, its going live and one step back."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from scienceops.app import App
from scienceops.cli.approve import wait_for_promotion
from scienceops.cli.retrain import wait_for_retraining
from scienceops.cli.session import actor
from scienceops.demo.phases import Phases
from scienceops.demo.traffic import NAME
from scienceops.errors import ScienceOpsError

WAIT_SECONDS = 300
COMMENT = "measured with another ruler: worth learning from"


def learn(platform: App, week: tuple[date, date], drifted: list[date], phases: Phases) -> None:
    """Flag the drifted days, retrain on the week, show the comparison, approve, and roll back."""
    told = f"{drifted[0]} to {drifted[-1]}"
    with phases.phase("flag", f"Flagging the rows of {told} as worth learning from"):
        flag = platform.decisions.flag(
            NAME,
            "retrain",
            actor(),
            since=_midnight(drifted[0]),
            until=_midnight(drifted[-1] + timedelta(days=1)),
            comment=COMMENT,
        )
    phases.say(f"    flag {flag.number}: {flag.comment}")
    with phases.phase("retrain", "Training a candidate on the flagged rows of the week"):
        found = _retrain(platform, week)
    _show_comparison(found, phases)
    candidate, before = found["version"], found["comparison"]["live"]
    with phases.phase("approve", f"Approving version {candidate}"):
        platform.decisions.approve(NAME, candidate, actor(), "better on the drifted days")
        _wait_and_say(candidate, phases)
    with phases.phase("rollback", f"Going one step back, to version {before}"):
        platform.decisions.roll_back(NAME, actor(), "shown by the demo")
        _wait_and_say(before, phases)
    phases.say(f"    `scienceops rollback {NAME}` makes version {candidate} live again")


def _wait_and_say(version: int, phases: Phases) -> None:
    facts = wait_for_promotion(NAME, version, WAIT_SECONDS)
    phases.say(f"    version {facts['live']} is live; before it: {facts['previous']}")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _retrain(platform: App, week: tuple[date, date]) -> dict[str, Any]:
    selection = {"since": week[0], "until": week[1], "flagged_only": True}
    begun = platform.decisions.retrain(NAME, selection, actor(), COMMENT)
    found = wait_for_retraining(NAME, begun.number, WAIT_SECONDS, quiet=False)
    if found["state"] != "compared":
        raise ScienceOpsError(f"retraining {begun.number} {found['state']}: {found['reason']}")
    return found


def _show_comparison(found: dict[str, Any], phases: Phases) -> None:
    comparison = found["comparison"]
    phases.table(
        [
            "accuracy on",
            "rows",
            f"live version {comparison['live']}",
            f"version {found['version']}",
        ],
        [
            [
                told,
                comparison[part]["rows"],
                *(f"{comparison[part][side]['accuracy']:.3f}" for side in ("live", "candidate")),
            ]
            for part, told in (
                ("recent", "flagged rows held out"),
                ("original", "original rows held out"),
            )
            if comparison[part]["rows"]
        ],
    )
    replay = comparison["replay"]
    phases.say(f"    same answer for {replay['agreement']:.0%} of {replay['rows']} captured rows")
    better = "better" if comparison["better"] else "not better"
    phases.say(f"    {better}: {comparison['why']}")
