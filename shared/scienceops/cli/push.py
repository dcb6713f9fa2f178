"""`scienceops push`: upload a package and, if asked, wait until it serves."""

import time
from pathlib import Path
from typing import Any

import click

from scienceops.cli.build_lines import BuildLines
from scienceops.cli.going_on import goes_on
from scienceops.cli.session import app, check_carried_out
from scienceops.cli.show import say
from scienceops.errors import BadPackage, ScienceOpsError, Unavailable

KEPT = "the package is uploaded and goes on from there"
LOOK_SECONDS = 0.2
#: From when on it is told what a version waits for.
PATIENCE_SECONDS = 5.0
ENDS = {"proved", "failed", "rejected"}


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--wait", is_flag=True, help="Wait until the version is live or proved, or failed.")
@click.option("--timeout", default=600.0, show_default=True, help="Seconds to wait at most.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def push(file: Path, wait: bool, timeout: float, as_json: bool) -> None:
    """Upload the package FILE; with --wait, exit 0 once its version is live or proved."""
    pushed = app().push(file)
    name = pushed["service"]
    if not as_json:
        click.echo(f"uploaded {pushed['key']}")
    if not wait:
        try:
            check_carried_out(KEPT)
        except Unavailable as error:
            click.echo(f"note: {error}", err=True)
        say(pushed, f"follow it with `scienceops status {name}`", as_json)
        return
    check_carried_out(KEPT)
    lines = BuildLines()
    key, digest = pushed["key"], pushed["digest"]
    with goes_on(f"{KEPT}: `scienceops status {name}` shows it"):
        version = wait_for_version(key, digest, timeout, quiet=as_json, lines=lines)
    if version["state"] == "failed":
        tail = "" if lines.have(version["log_tail"]) else "\n".join(version["log_tail"])
        raise ScienceOpsError(
            f"version {version['version']} of {name} failed: {version['reason']}"
            + (f"\n{tail}" if tail else "")
            + "\ncorrect it and push it again; if the fault was elsewhere: "
            f"`scienceops retry {name} {version['version']}`"
        )
    if version["state"] == "rejected" and not version["live"]:
        raise ScienceOpsError(
            f"version {version['version']} of {name}, which is this package, is rejected"
            + (f" ({version['reason']})" if version["reason"] else "")
            + " and will not be live: push another package"
        )
    state = "live" if version["live"] else version["state"]
    facts = {**pushed, **version, "state": state}
    say(facts, f"version {version['version']} is {state}", as_json)


def wait_for_version(
    key: str, digest: str, timeout: float, *, quiet: bool, lines: BuildLines | None = None
) -> dict[str, Any]:
    """The version an upload became, once it rests; unless quiet, says each state on the way, and
    the build's lines by `lines`."""
    end = time.monotonic() + timeout
    last = told = ""
    since = time.monotonic()
    lines = lines or BuildLines()
    while time.monotonic() < end:
        found = app().upload(key, digest) or {}
        if "rejection" in found:
            rejection = found["rejection"]
            raise BadPackage(rejection["reason"], file=rejection["file"], fix=rejection["fix"])
        version: dict[str, Any] = found.get("version", {})
        state = version.get("state", "waiting")
        if state != last and not quiet:
            click.echo(f"  {state}")
        if state != last:
            last, since = state, time.monotonic()
        if version and not quiet:
            lines.show(version)
            why = version["deployment"]["reason"] if state == "proving" else ""
            # An ordinary start is over before anybody asks what it waits for.
            if why not in ("", told) and time.monotonic() - since >= PATIENCE_SECONDS:
                click.echo(f"    {why}")
                told = why
        settled = version.get("live") or state == "failed"
        if settled or (state in ENDS and not _awaits_promotion(version)):
            return version
        check_carried_out(KEPT)
        time.sleep(LOOK_SECONDS)
    raise Unavailable(
        f"still {last} after {timeout:g} s; it goes on by itself: `scienceops status` shows it"
    )


def _awaits_promotion(version: dict[str, Any]) -> bool:
    service = app().service(version["service"])
    automatic = service["policy"]["promotion"] == "auto"
    # It may be live since it was looked at, which the next look shows.
    newer_is_live = (service["live"] or 0) > version["version"]
    return bool(automatic and not version["training_set"] and not newer_is_live)
