"""`scienceops status`: services, versions, rejected packages and runs."""

import time
from typing import Any

import click

from scienceops.cli.build_lines import BuildLines
from scienceops.cli.session import app, running
from scienceops.cli.show import show_json, show_table
from scienceops.core.moments import moment
from scienceops.core.started_with import going_on, takes_direct_calls
from scienceops.errors import NotFound, ServiceNotFound

#: How long a package that was uploaded just now may take to become a version.
APPEARS_SECONDS = 60.0
LOOK_SECONDS = 1.0


@click.command()
@click.argument("name", required=False)
@click.option(
    "--follow",
    is_flag=True,
    help="Show it again when it changes, and NAME's builds as they go, until Ctrl-C.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def status(name: str | None, follow: bool, as_json: bool) -> None:
    """What runs, how far uploads are, and why what failed did. NAME shows one service."""
    last: dict[str, Any] = {}
    lines = BuildLines()
    if name and follow:
        _await_service(name)
    while True:
        facts = _facts(name)
        if facts != last:
            _show(facts, as_json)
        if not follow:
            return
        if name and not as_json:
            for version in facts["service"]["versions"]:
                if version["state"] == "building":
                    lines.show(version)
        last = facts
        time.sleep(LOOK_SECONDS)


def _await_service(name: str) -> None:
    """Wait a while for a service whose first package was uploaded a moment ago."""
    end = time.monotonic() + APPEARS_SECONDS
    waits = False
    while True:
        try:
            app().service(name)
        except ServiceNotFound as error:
            if time.monotonic() > end:
                told = f"{error}; `scienceops status` shows packages that were rejected"
                raise NotFound(told) from None
            if not waits:
                told = (
                    f"no service named {name!r} yet; waiting {APPEARS_SECONDS:g} s for its package"
                )
                click.echo(told, err=True)
            waits = True
        else:
            return
        time.sleep(LOOK_SECONDS)


def _facts(name: str | None) -> dict[str, Any]:
    if name:
        return {"service": app().service(name)}
    settings = app().settings
    here = settings.cloud == "local"
    return {
        "cloud": settings.cloud,
        "home": str(settings.home) if here else None,
        "up": (running(settings.home) or None) if here else None,
        "services": app().services(),
        "rejections": app().rejections(),
        "runs": app().runs(5),
        "gone_before": {kind: app().gone_before(kind) for kind in ("rejections", "runs")},
    }


def _show(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(facts)
    elif "service" in facts:
        _show_service(facts["service"])
    else:
        _show_all(facts)


def _show_all(facts: dict[str, Any]) -> None:
    up = facts["up"]
    where = f"up at {up['url']} (pid {up['pid']})" if up else "not running: `scienceops up`"
    # In a cloud nothing has to run for anything to be taken up.
    click.echo(f"{facts['home']}: {where}" if facts["home"] else f"on {facts['cloud']}:")
    if not facts["services"]:
        click.echo("no services yet: `scienceops push FILE` uploads a package")
    show_table(
        ["service", "live", "is", "alerts", "newest", "state", "reason"],
        [
            [
                s["name"],
                s["live"],
                s["observed"],
                ", ".join(s["alerts"]),
                s["newest"],
                s["newest_state"],
                s["newest_reason"],
            ]
            for s in facts["services"]
        ],
    )
    for rejection in facts["rejections"]:
        click.secho(f"\nrejected {rejection['key']} ({moment(rejection['at'])})", fg="red")
        where = f"{rejection['file']}: " if rejection["file"] else ""
        click.echo(f"  {where}{rejection['reason']}\n  what to do: {rejection['fix']}")
    if facts["runs"]:
        click.echo()
    show_table(
        ["run", "state", "engine", "days", "segments", "asked for", "reason"],
        [
            [
                run["number"],
                run["state"],
                run["result"].get("engine", run["engine"]),
                run["partitions"],
                run["segments"],
                moment(run["requested_at"]),
                run["reason"].splitlines()[0] if run["reason"] else "",
            ]
            for run in facts["runs"]
        ],
    )
    gone = facts["gone_before"]
    if gone["rejections"]:
        told = "those that lie there no more are not listed"
        click.echo(f"of uploads refused before {gone['rejections'][:10]}, {told}")
    if gone["runs"]:
        told = "only those that a day still shows are kept"
        click.echo(f"of runs before {gone['runs'][:10]}, {told}")


def _show_service(service: dict[str, Any]) -> None:
    click.echo(f"{service['name']}: live version {service['live'] or '-'}, {service['observed']}")
    if service["policy"]["direct"]:
        click.echo(f"direct calls: {_direct_calls(service)}")
    show_table(
        ["version", "state", "uploaded", "runs", "metrics", "reason"],
        [
            [
                f"{v['version']}{' (live)' if v['live'] else ''}",
                v["state"],
                moment(v["uploaded_at"]),
                v["deployment"]["observed"],
                ", ".join(f"{k}={x:.4g}" for k, x in v["metrics"].items()),
                v["reason"] or v["deployment"]["reason"],
            ]
            for v in service["versions"]
        ],
    )
    for note in going_on(service):
        click.echo(f"note: {note}")
    for version in service["versions"]:
        if version["log_tail"]:
            click.echo(f"\nlast lines of version {version['version']}:")
            click.echo("\n".join(f"  {line}" for line in version["log_tail"]))


def _direct_calls(service: dict[str, Any]) -> str:
    live = next((v for v in service["versions"] if v["live"]), None)
    if live is None or not live["deployment"]["starts"]:
        return "once a version is live and ready"
    if not takes_direct_calls(service["policy"], live["deployment"]):
        return (
            f"none: version {live['version']} first started without direct = true; "
            "the next one takes them"
        )
    return service["endpoint"] or "once it is ready"
