"""Tasks: commands that outlive whoever asked for them. A task is a folder.

In it: `order.json`, what to run; `lock`, held from the start by whoever carries the task on;
`begun`, once the supervisor runs; `log`; `cancel`, to ask for the end; `exit.json`, how it ended.
"""

import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from scienceops.adapters.local.files import make_folders, write_whole
from scienceops.adapters.local.log_files import read_log, tail_of

ORDER, BEGUN, LOG, CANCEL, EXIT = "order.json", "begun", "log", "cancel", "exit.json"

_LOCK = "lock"


class TaskState(StrEnum):
    """Where a task stands."""

    UNKNOWN = "unknown"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Outcome:
    """How a task stands; `reason` is set when it did not succeed."""

    state: TaskState
    reason: str = ""


class Task:
    """One task. Any process may ask for it, look at it and cancel it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def start(
        self, command: Sequence[str], timeout_seconds: float, environment: Mapping[str, str]
    ) -> None:
        """Run the command in the task's folder; nothing happens when the task was begun before."""
        make_folders(self._folder)
        with self._locked_unless_begun() as lock:
            if lock is None:
                return
            order = {"command": list(command), "timeout_seconds": timeout_seconds}
            write_whole(self._folder / ORDER, json.dumps(order).encode())
            with (self._folder / LOG).open("ab") as out:
                # The lock goes over to the supervisor, so that it is never free between the two,
                # and the kernel gives it back when the supervisor ends, however it ends.
                supervisor = subprocess.Popen(
                    [sys.executable, "-P", "-m", f"{__package__}.supervise", str(self._folder)],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    start_new_session=True,
                    pass_fds=(lock,),
                    env=dict(environment),
                )
            # Nobody asks for its exit code, but a process that is not waited for stays a zombie.
            threading.Thread(target=supervisor.wait, daemon=True).start()

    def refuse(self, reason: str) -> None:
        """End it as failed without running anything, unless it was begun before."""
        make_folders(self._folder)
        with self._locked_unless_begun() as lock:
            if lock is None:
                return
            write_whole(self._folder / ORDER, b"{}")
            (self._folder / BEGUN).touch()
            document = {"state": TaskState.FAILED, "reason": reason}
            write_whole(self._folder / EXIT, json.dumps(document).encode())

    def outcome(self) -> Outcome:
        """How it stands."""
        if not (self._folder / ORDER).exists():
            return Outcome(TaskState.UNKNOWN, f"nothing is known of {self._folder.name!r}")
        ended = self._read_exit()
        if ended is None and not self._is_carried_on():
            # It may have ended between the two looks.
            reason = "its process vanished without a word; start it anew"
            ended = self._read_exit() or Outcome(TaskState.FAILED, reason)
        return ended or Outcome(TaskState.RUNNING)

    def cancel(self) -> None:
        """Ask for its end, and that of whatever it started, unless it has ended."""
        if self.outcome().state is TaskState.RUNNING:
            # A file and not a signal: it waits for a supervisor that is not ready for it yet.
            (self._folder / CANCEL).touch()

    def log(self) -> str:
        """Its output so far."""
        return read_log(self._folder / LOG)

    def log_tail(self) -> tuple[str, ...]:
        """The last lines of its output."""
        return tail_of(self._folder / LOG)

    @contextmanager
    def _locked_unless_begun(self) -> Iterator[int | None]:
        lock = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not _try_lock(lock):
                # Held by a look of a moment, or by a supervisor that is about to begin.
                if (self._folder / BEGUN).exists():
                    break
                time.sleep(0.005)
            yield None if (self._folder / BEGUN).exists() else lock
        finally:
            os.close(lock)

    def _is_carried_on(self) -> bool:
        lock = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
        try:
            return not _try_lock(lock)
        finally:
            os.close(lock)

    def _read_exit(self) -> Outcome | None:
        try:
            ended = json.loads((self._folder / EXIT).read_bytes())
        except FileNotFoundError:
            return None
        return Outcome(TaskState(ended["state"]), ended["reason"])


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
