"""Supervise: carry one task to its end, within its time, and write down how it ended.

Run as a program, detached, in a session of its own that everything it starts belongs to.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scienceops.adapters.local.files import write_whole
from scienceops.adapters.local.processes import end_session
from scienceops.adapters.local.tasks import BEGUN, CANCEL, EXIT, ORDER, TaskState

LOOK_SECONDS = 0.1
GRACE_SECONDS = 5.0

_PR_SET_PDEATHSIG = 1


def main(folder: Path) -> None:
    """Run the task in `folder`."""
    (folder / BEGUN).touch()
    order = json.loads((folder / ORDER).read_bytes())
    # What a task that is ended before its time leaves of its temporary files goes with it.
    with tempfile.TemporaryDirectory(prefix="scienceops-task-", ignore_cleanup_errors=True) as room:
        state, reason = _carry_out(order, folder, {**os.environ, "TMPDIR": room})
    write_whole(folder / EXIT, json.dumps({"state": state, "reason": reason}).encode())


def _carry_out(
    order: dict[str, Any], folder: Path, environment: dict[str, str]
) -> tuple[TaskState, str]:
    try:
        child = subprocess.Popen(
            order["command"],
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env=environment,
            preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509  # There is one thread only.
        )
    except OSError as error:
        return TaskState.FAILED, f"cannot be started: {error}"
    ended = _follow(child, folder, order["timeout_seconds"])
    end_session(os.getpid(), GRACE_SECONDS)
    child.wait()
    return ended


def _follow(
    child: subprocess.Popen[bytes], folder: Path, timeout_seconds: float
) -> tuple[TaskState, str]:
    end = time.monotonic() + timeout_seconds
    while True:
        try:
            code = child.wait(LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            if (folder / CANCEL).exists():
                return TaskState.CANCELLED, "cancelled"
            if time.monotonic() > end:
                reason = f"not done after its time limit of {timeout_seconds:g} s"
                return TaskState.FAILED, reason
        else:
            return (TaskState.FAILED, how_it_ended(code)) if code else (TaskState.SUCCEEDED, "")


def how_it_ended(code: int) -> str:
    """An exit code in words.

    >>> how_it_ended(1), how_it_ended(-9)
    ('ended with exit code 1', 'was ended by SIGKILL')
    """
    if code >= 0:
        return f"ended with exit code {code}"
    names = {number.value: number.name for number in signal.Signals}
    return f"was ended by {names.get(-code, -code)}"


def _die_with(parent: int) -> Callable[[], None] | None:
    """What the child does first, so that it does not outlive a supervisor that is killed."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask_the_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return ask_the_kernel


if __name__ == "__main__":
    main(Path(sys.argv[1]))
