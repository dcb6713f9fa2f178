"""The stand-in host of Functions, which kills itself with SIGKILL at one step of one door.

`python -m emulators.deadly_host WHEN DOOR WHAT APP_FOLDER PORT TIMER_SECONDS`. DOOR: the method of
App or of its decisions that is called. WHEN: `before` it has done anything; `within`, after the
first thing that it writes or posts; or `after` it has returned, when the host has not heard of it.
WHAT: what the name of that first thing has in it; anything, if empty.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from emulators.functions_host import main

from scienceops import webhook
from scienceops.adapters.azure.message_queue import StorageMessageQueue
from scienceops.adapters.azure.model_registry import TableModelRegistry
from scienceops.adapters.azure.object_store import BlobObjectStore
from scienceops.app import App
from scienceops.decisions import Decisions

#: What doors write and post, and how.
EFFECTS: tuple[tuple[Any, str], ...] = (
    (TableModelRegistry, "put"),
    (StorageMessageQueue, "send"),
    (BlobObjectStore, "put"),
    (webhook, "post_event"),
)


def arm(when: str, door: str, what: str) -> None:
    """Let the door end this process."""
    inside = threading.local()
    owner = App if hasattr(App, door) else Decisions
    method = getattr(owner, door)

    def deadly(self: Any, *given: Any, **named: Any) -> Any:
        _die_if(when == "before")
        inside.now = True
        try:
            done = method(self, *given, **named)
        finally:
            inside.now = False
        _die_if(when == "after")
        return done

    setattr(owner, door, deadly)
    for kind, name in EFFECTS if when == "within" else ():
        setattr(kind, name, _deadly_effect(getattr(kind, name), inside, what))


def _deadly_effect(
    effect: Callable[..., Any], inside: threading.local, what: str
) -> Callable[..., Any]:
    def deadly(*given: Any, **named: Any) -> Any:
        done = effect(*given, **named)
        _die_if(getattr(inside, "now", False) and any(what in str(told) for told in given))
        return done

    return deadly


def _die_if(due: bool) -> None:
    if due:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    arm(*sys.argv[1:4])
    sys.exit(main(Path(sys.argv[4]), int(sys.argv[5]), float(sys.argv[6])))
