"""Supervise: run one command to its end, within its time, and write down how it ended.

Run as a program, detached from whoever asked. A task is a folder: `order.json` says what to run,
`log` takes its output, `pid` names the supervisor, `exit.json` says how it ended.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

TAIL_LINES = 20
GRACE_SECONDS = 5


def start_task(
    folder: Path, steps: Sequence[Sequence[str]], timeout_seconds: float, env: Mapping[str, str]
) -> None:
    """Begin the steps, one after the other; nothing happens when the folder's task was begun."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir()
    except FileExistsError:
        # Whoever made the folder died before the supervisor ran: it is begun once more below.
        if (folder / "pid").exists() or (folder / "exit.json").exists():
            return
    order = {"steps": [list(step) for step in steps], "timeout_seconds": timeout_seconds}
    write_whole(folder / "order.json", json.dumps(order))
    with (folder / "log").open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "scienceops.adapters.local.supervise", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            env={**os.environ, **env},
        )
    write_whole(folder / "pid", f"{process.pid} {birth_of(process.pid)}")


def task_state(folder: Path) -> dict[str, Any]:
    """{"state": running | succeeded | failed | cancelled | unknown, "reason"}."""
    if not folder.is_dir():
        return {"state": "unknown", "reason": f"nothing is known of {folder.name!r}"}
    ended = _read_exit(folder)
    if ended is None and not is_alive(folder / "pid"):
        # It may have ended between the two looks.
        ended = _read_exit(folder) or {
            "state": "failed",
            "reason": "its process vanished without a word; it is safe to start it again",
        }
    return ended or {"state": "running", "reason": ""}


def cancel_task(folder: Path) -> None:
    """End the task and whatever it started, unless it has ended."""
    if folder.is_dir() and _read_exit(folder) is None and is_alive(folder / "pid"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int((folder / "pid").read_text().split()[0]), signal.SIGTERM)


def read_log(folder: Path) -> str:
    """The log so far, empty when there is none."""
    try:
        return (folder / "log").read_text(errors="replace")
    except FileNotFoundError:
        return ""


def tail_of(text: str) -> tuple[str, ...]:
    """The last lines of a log."""
    return tuple(text.splitlines()[-TAIL_LINES:])


def birth_of(pid: int) -> str:
    """When a process was started, so that a pid used again is told apart; empty when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        fields = stat.rpartition(")")[2].split()
        return "" if fields[0] == "Z" else fields[19]
    except OSError:
        if Path("/proc").is_dir():
            return ""
    found = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return found.stdout.strip().replace(" ", "_")


def is_alive(pid_file: Path) -> bool:
    """Whether the process that the file names still runs."""
    try:
        pid, _, birth = pid_file.read_text().partition(" ")
    except FileNotFoundError:
        return False
    return bool(birth) and birth_of(int(pid)) == birth


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that nobody reads half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    temporary.write_text(text)
    temporary.replace(path)


def _read_exit(folder: Path) -> dict[str, Any] | None:
    try:
        ended: dict[str, Any] = json.loads((folder / "exit.json").read_text())
    except FileNotFoundError:
        return None
    return ended


class _Cancelled(BaseException):
    pass


def _raise_cancelled(*_: object) -> None:
    raise _Cancelled


def main(folder: Path) -> None:
    """Run the steps of the task in `folder`."""
    order = json.loads((folder / "order.json").read_text())
    signal.signal(signal.SIGTERM, _raise_cancelled)
    end = time.monotonic() + order["timeout_seconds"]
    result = {"state": "succeeded", "reason": ""}
    process = None
    try:
        for step in order["steps"]:
            process = subprocess.Popen(step, stdin=subprocess.DEVNULL, start_new_session=True)
            code = process.wait(max(0.0, end - time.monotonic()))
            if code != 0:
                how = f"exit code {code}" if code > 0 else f"signal {-code}"
                result = {"state": "failed", "reason": f"`{' '.join(step[:6])}` ended with {how}"}
                break
    except subprocess.TimeoutExpired:
        reason = f"not done after its time limit of {order['timeout_seconds']:g} s"
        result = {"state": "failed", "reason": reason}
    except _Cancelled:
        result = {"state": "cancelled", "reason": "cancelled"}
    except OSError as error:
        result = {"state": "failed", "reason": f"cannot be started: {error}"}
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if process is not None:
        _end_group(process)
    write_whole(folder / "exit.json", json.dumps(result))


def _end_group(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            continue


if __name__ == "__main__":
    main(Path(sys.argv[1]))
