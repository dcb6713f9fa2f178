"""Run the demo: each phase with its progress and its seconds."""

import json
import signal
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from scienceops.adapters.local.files import make_home
from scienceops.cli.push import wait_for_version
from scienceops.cli.session import app, running
from scienceops.cli.stats import run_and_wait
from scienceops.demo import iris
from scienceops.demo.host import started
from scienceops.demo.learn import learn
from scienceops.demo.phases import Phases
from scienceops.demo.traffic import (
    NAME,
    captured_rows,
    make_key,
    score,
    score_week,
    send_labels,
    wait_for_captures,
)
from scienceops.demo.watch import drifted_days, show_quality, show_verdicts
from scienceops.errors import ScienceOpsError

WAIT_SECONDS = 300


def run_demo(home: Path, *, leave: bool, as_json: bool, port: int | None, engine: str) -> None:
    """The whole demo; raises ScienceOpsError when a part does not do what it should."""
    began = time.monotonic()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Also where a shell has started this in the background, which ignores Ctrl-C by default.
        signal.signal(number, signal.default_int_handler)
    # With --json the one line on standard output is the result; people read standard error.
    phases = Phases(sys.stderr if as_json else sys.stdout)
    make_home(home)
    with phases.phase("pack", "Training on Iris and packing the model"):
        package, accuracy = iris.train_and_pack(home)
    phases.say(f"    {package.name}, test accuracy {accuracy:.3f}")
    try:
        with started(home, port, phases) as host:
            result = _loop(package, phases, engine)
            result["seconds"] = {**phases.seconds, "total": round(time.monotonic() - began, 2)}
            if as_json:
                click.echo(json.dumps(result))
            if leave:
                phases.say(
                    f"\nEverything is kept in {home}; see its pages again, or be rid of it:\n"
                    f"  SCIENCEOPS_HOME={home} .venv/bin/scienceops up\n"
                    f"  rm -r {home}"
                )
            else:
                phases.say(
                    f"\nDashboard: {running(home)['url']}/services/{NAME}/data\n"
                    f"Score rows yourself: SCIENCEOPS_HOME={home} .venv/bin/scienceops score "
                    f"{NAME} --data FILE.csv\n"
                    f"Decide on its pages: SCIENCEOPS_HOME={home} .venv/bin/scienceops tokens "
                    "create YOUR-NAME --role operator\nIt stays up; Ctrl-C stops it."
                )
                host.wait()
    except KeyboardInterrupt:
        phases.say("stopping")


def _loop(package: Path, phases: Phases, engine: str) -> dict[str, Any]:
    platform = app()
    number = _deploy(package, phases)
    before = captured_rows(platform)
    today = datetime.now(UTC)
    week = (_day(today, iris.DAYS), _day(today, 1))
    key = make_key(platform)
    with phases.phase("score", "Scoring real rows over HTTP with an API key"):
        scored = len(score(iris.real_rows(), key)["predictions"])
    with phases.phase("backfill", f"Backfilling {iris.DAYS} simulated days through the gateway"):
        of_week, truth = score_week(today)
    scored += of_week
    phases.say(f"    {scored} rows, of which the last {iris.DRIFTING_DAYS} days drift")
    with phases.phase("capture", "Waiting until every capture is in the bucket"):
        wait_for_captures(platform, before + scored)
    with phases.phase("statistics", f"Statistics of every day with {engine}"):
        run = run_and_wait(NAME, engine, quiet=True)["result"]
    verdicts = show_verdicts(platform, phases)
    with phases.phase("labels", "Labelling the week: what each flower turned out to be"):
        taken = send_labels(truth, key)
    phases.say(f"    {taken} labels taken")
    with phases.phase("quality", "Statistics again, now with quality"):
        run_and_wait(NAME, "inline", quiet=True)
    live = platform.service(NAME)["live"]
    accuracy = show_quality(platform, live, week[0], phases)
    learn(platform, week, drifted_days(verdicts), phases)
    version = platform.version(NAME, number)
    return {
        "service": NAME,
        "version": number,
        "state": "live" if version["live"] else version["state"],
        "endpoint": f"{running(platform.settings.home)['url']}/api/v1/service/{NAME}/score",
        "engine": run["engine"],
        "scored_rows": scored,
        # Counted at the end, for what is replayed to compare versions must not be captured.
        "captured_rows": captured_rows(platform) - before,
        "statistics_rows": run["statistics_rows"],
        "verdicts": verdicts,
        "accuracy": accuracy,
    }


def _deploy(package: Path, phases: Phases) -> int:
    with phases.phase("deploy", "Dropping the package into the bucket; the doors do the rest"):
        pushed = app().push(package)
        version = wait_for_version(pushed["key"], pushed["digest"], WAIT_SECONDS, quiet=True)
        if version["state"] == "failed":
            raise ScienceOpsError(f"version {version['version']} failed: {version['reason']}")
    number: int = version["version"]
    phases.say(f"    version {number} is live")
    return number


def _day(today: datetime, days_ago: int) -> date:
    return today.date() - timedelta(days=days_ago)
