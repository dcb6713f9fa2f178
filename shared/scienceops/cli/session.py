"""Session: the App, the address and the name that the commands of one invocation use."""

import fcntl
import getpass
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from scienceops.app import App
from scienceops.bootstrap import build_app
from scienceops.errors import (
    BadInput,
    BadRows,
    NotAuthenticated,
    NotFound,
    ScienceOpsError,
    Unavailable,
)
from scienceops.trust import open_here, trust_only

UP = "up.lock"

#: How long a command waits for an `up &` of the line before it to take its home, and to answer.
STARTED_SECONDS = 5.0
STARTING_SECONDS = 60.0


@lru_cache(maxsize=1)
def app() -> App:
    """The App of this invocation."""
    return build_app()


def actor() -> str:
    """The name under which a command writes to the ledger."""
    return getpass.getuser()


def running(home: Path) -> dict[str, Any]:
    """What the `up` of this home says of itself; empty when none runs, or none answers yet."""
    facts = _said(home)
    return facts if "url" in facts else {}


def _said(home: Path) -> dict[str, Any]:
    """The same of one that still starts, which has no address yet."""
    try:
        with (home / UP).open() as file:
            facts: dict[str, Any] = json.load(file) if _is_held(file) else {}
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return facts


def _is_held(file: IO[str]) -> bool:
    # One that was killed said no good-bye, but its lock went with it.
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def check_carried_out(kept: str = "") -> None:
    """Raises Unavailable where nobody takes up what was asked for: on one machine without its `up`.

    kept: what has come of the command all the same. In a cloud, functions take it up.
    """
    settings = app().settings
    if settings.cloud == "local" and not _comes_up(settings.home):
        raise Unavailable(
            f"nothing is running on {settings.home}: start it with `scienceops up`"
            + (f"; {kept}" if kept else "")
        )


def _comes_up(home: Path) -> bool:
    """Whether an `up` answers, if need be in a while: it may have been started just before."""
    began = time.monotonic()
    while not running(home):
        if time.monotonic() - began > (STARTING_SECONDS if _said(home) else STARTED_SECONDS):
            return False
        time.sleep(0.1)
    return True


@dataclass(frozen=True)
class Posted:
    """A good reply of the gateway."""

    headers: Message
    body: bytes


def post(path: str, body: bytes, key: str, headers: dict[str, str]) -> dict[str, Any]:
    """The JSON reply of the gateway to a POST; its problems become the errors they came from."""
    answer: dict[str, Any] = json.loads(send(path, body, key, headers).body)
    return answer


def send(path: str, body: bytes, key: str, headers: dict[str, str]) -> Posted:
    """The reply of the gateway to a POST of JSON, or of what the headers say; raises likewise."""
    settings = app().settings
    if settings.cloud != "local":
        raise BadInput(
            f"SCIENCEOPS_CLOUD is {settings.cloud!r}, and this command speaks to an `up` on this "
            "machine alone: call the API of the stage (docs/api.md), or unset SCIENCEOPS_CLOUD"
        )
    check_carried_out()
    facts = running(settings.home)
    request = urllib.request.Request(  # noqa: S310  # The address is the one `up` wrote.
        facts["url"] + path,
        data=body,
        headers={
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            **headers,
        },
    )
    served = facts.get("certificate")
    context = trust_only(Path(served)) if served else None
    try:
        with open_here(request, 120, context) as reply:
            return Posted(reply.headers, reply.read())
    except urllib.error.HTTPError as error:
        raise _as_error(error) from None
    except (urllib.error.URLError, ConnectionError) as error:
        raise Unavailable(f"{facts['url']} does not answer ({error})") from None


def _as_error(error: urllib.error.HTTPError) -> Exception:
    text = error.read().decode("utf-8", "replace")
    try:
        problem = json.loads(text)
    except ValueError:
        problem = {"detail": text[:500] or error.reason}
    detail = str(problem.get("detail", error.reason))
    if error.code == 503:
        later = error.headers.get("Retry-After", "1")
        return Unavailable(detail, retry_after_seconds=int(later) if later.isdecimal() else 1)
    if problem.get("problems"):
        return BadRows(problem["problems"])
    kind: type[ScienceOpsError] = {
        401: NotAuthenticated,
        403: NotAuthenticated,
        404: NotFound,
    }.get(error.code, BadInput)
    return kind(detail)
