"""Session: the App, the address and the name that the commands of one invocation use."""

import getpass
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from functools import lru_cache
from pathlib import Path
from typing import Any

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


@lru_cache(maxsize=1)
def app() -> App:
    """The App of this invocation."""
    return build_app()


def actor() -> str:
    """The name under which a command writes to the ledger."""
    return getpass.getuser()


def running(home: Path) -> dict[str, Any]:
    """What the `up` of this home says of itself; empty when none runs."""
    try:
        facts: dict[str, Any] = json.loads((home / UP).read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return facts if "url" in facts else {}


def check_carried_out(kept: str = "") -> None:
    """Raises Unavailable where nobody takes up what was asked for: on one machine without its `up`.

    kept: what has come of the command all the same. In a cloud, functions take it up.
    """
    settings = app().settings
    if settings.cloud == "local" and not running(settings.home):
        raise Unavailable(
            f"nothing is running on {settings.home}: start it with `scienceops up`"
            + (f"; {kept}" if kept else "")
        )


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
