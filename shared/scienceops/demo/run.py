"""Run the demo: each phase with its progress and its seconds."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from scienceops.app import App
from scienceops.cli.push import wait_for_version
from scienceops.cli.session import actor, app, running
from scienceops.cli.show import show_table
from scienceops.cli.stats import run_and_wait
from scienceops.demo import iris
from scienceops.errors import ScienceOpsError

NAME = "iris"
SHOWN = ("verdict", "effect", "q_value", "mean")
VERDICTS = {0.0: "stable", 1.0: "drift", -1.0: "not enough data"}


class Phases:
    """Says what is being done, and keeps how long it took."""

    def __init__(self, out: Any) -> None:
        self.seconds: dict[str, float] = {}
        self.out = out

    @contextmanager
    def phase(self, name: str, sentence: str) -> Iterator[None]:
        """One phase."""
        self.say(f"{sentence} ...")
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 2)
        self.say(f"    {self.seconds[name]:.1f} s")

    def say(self, text: str) -> None:
        """A line for people."""
        click.echo(text, file=self.out)


def run_demo(home: Path, *, leave: bool, as_json: bool, port: int, engine: str) -> None:
    """The whole demo; raises ScienceOpsError when a part does not do what it should."""
    began = time.monotonic()
    # With --json the one line on standard output is the result; people read standard error.
    phases = Phases(sys.stderr if as_json else sys.stdout)
    home.mkdir(parents=True, exist_ok=True)
    with phases.phase("pack", "Training on Iris and packing the model"):
        package, accuracy = iris.train_and_pack(home)
    phases.say(f"    {package.name}, test accuracy {accuracy:.3f}")
    with phases.phase("start", "Starting the platform"):
        host = _start_host(home, port)
    try:
        result = _loop(package, phases, engine)
        result["seconds"] = {**phases.seconds, "total": round(time.monotonic() - began, 2)}
        facts = running(home)
        phases.say(f"\nDashboard: {facts['url']}/services/{NAME}/data")
        if as_json:
            click.echo(json.dumps(result))
        if not leave:
            phases.say(
                f"Score rows yourself: SCIENCEOPS_HOME={home} .venv/bin/scienceops score "
                f"{NAME} --data FILE.csv\nIt stays up; Ctrl-C stops it."
            )
            host.wait()
    except KeyboardInterrupt:
        phases.say("stopping")
    finally:
        if host.poll() is None:
            host.send_signal(signal.SIGTERM)
            host.wait(60)


def _loop(package: Path, phases: Phases, engine: str) -> dict[str, Any]:
    platform = app()
    with phases.phase("deploy", "Dropping the package into the bucket; the doors do the rest"):
        pushed = platform.push(package)
        version = wait_for_version(pushed["key"], pushed["digest"], 300, quiet=True)
        if version["state"] == "failed":
            raise ScienceOpsError(f"version {version['version']} failed: {version['reason']}")
    phases.say(f"    version {version['version']} is live")
    before = _captured_rows(platform)
    free = {"primary", "secondary"} - {k["slot"] for k in platform.service(NAME)["keys"]}
    if not free:
        platform.revoke_key(NAME, "secondary", actor())
    key = platform.create_key(NAME, None, actor())["key"]
    with phases.phase("score", "Scoring real rows over HTTP with an API key"):
        scored = _score(iris.real_rows(), key)
    with phases.phase("backfill", f"Backfilling {iris.DAYS} simulated days through the gateway"):
        for at, rows in iris.simulated_week(datetime.now(UTC)):
            scored += _score(rows, platform.owner_token, at)
    phases.say(f"    {scored} rows, of which the last {iris.DRIFTING_DAYS} days drift")
    with phases.phase("capture", "Waiting until every capture is in the bucket"):
        captured = _wait_for_captures(platform, before, scored)
    with phases.phase("statistics", f"Statistics of every day with {engine}"):
        run = run_and_wait(NAME, engine, quiet=True)
    result = run["result"]
    verdicts = _show(platform, phases)
    return {
        "service": NAME,
        "version": version["version"],
        "state": "live" if version["live"] else version["state"],
        "endpoint": f"{running(platform.settings.home)['url']}/api/v1/service/{NAME}/score",
        "engine": result["engine"],
        "scored_rows": scored,
        "captured_rows": captured,
        "statistics_rows": result["statistics_rows"],
        "verdicts": verdicts,
    }


def _start_host(home: Path, port: int) -> subprocess.Popen[bytes]:
    chosen = port or _any_port()
    log = home / "up.log"
    with log.open("wb") as out:
        host = subprocess.Popen(
            [sys.executable, "-m", "functions.local.host", "--port", str(chosen)],
            stdout=out,
            stderr=out,
            start_new_session=True,
            env=os.environ,
        )
    while "url" not in (facts := running(home)) or facts["pid"] != host.pid:
        if host.poll() is not None:
            raise ScienceOpsError(log.read_text().strip().splitlines()[-1])
        time.sleep(0.05)
    return host


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _score(rows: list[dict[str, Any]], key: str, at: datetime | None = None) -> int:
    url = running(app().settings.home)["url"]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    if at is not None:
        headers["X-ScienceOps-Captured-At"] = at.isoformat()
    request = urllib.request.Request(  # noqa: S310  # The address is the one `up` wrote: http.
        f"{url}/api/v1/service/{NAME}/score", json.dumps({"input_df": rows}).encode(), headers
    )
    with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310  # As above.
        return len(json.load(reply)["predictions"])


def _captured_rows(platform: App) -> int:
    import pyarrow.parquet as pq

    objects = platform.ports.objects
    return sum(
        pq.read_metadata(io.BytesIO(objects.get(info.key))).num_rows
        for info in objects.scan(f"captures/{NAME}/")
    )


def _wait_for_captures(platform: App, before: int, scored: int) -> int:
    end = time.monotonic() + 60
    while (captured := _captured_rows(platform) - before) < scored and time.monotonic() < end:
        time.sleep(0.2)
    return captured


def _show(platform: App, phases: Phases) -> list[dict[str, Any]]:
    table: dict[tuple[str, str], dict[str, Any]] = {}
    for row in platform.statistics(NAME, statistics=list(SHOWN)):
        if row["feature_name"].startswith("("):
            continue
        place = (row["prediction_date"], row["feature_name"])
        table.setdefault(place, {})[row["statistic"]] = row["value"]
    lines = [
        {
            "date": day,
            "feature": feature,
            "verdict": VERDICTS[values["verdict"]],
            "effect": values.get("effect"),
            "q_value": values.get("q_value"),
        }
        for (day, feature), values in sorted(table.items())
    ]
    days = sorted({day for day, _ in table})
    features = sorted({feature for _, feature in table})
    found = {place: VERDICTS[values["verdict"]] for place, values in table.items()}
    phases.say("")
    with redirect_stdout(phases.out):
        show_table(
            ["feature", *(day[5:] for day in days)],
            [[f, *(found.get((day, f)) for day in days)] for f in features],
        )
    return lines
