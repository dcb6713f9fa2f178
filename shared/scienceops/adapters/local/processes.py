"""Processes: which of them live, told apart although numbers are used again, and ending them."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

_PROC = Path("/proc")
_BOOT = _PROC / "sys/kernel/random/boot_id"


def birth_of(pid: int) -> str:
    """When a process began, on which boot; empty when it is gone or only waits to be reaped."""
    if not _PROC.is_dir():
        return _birth_by_ps(pid)
    fields = _stat_of(pid)
    # Fields 3 and 22 of proc(5): the state, and the start in ticks since this boot.
    if not fields or fields[0] in "ZX":
        return ""
    return f"{_BOOT.read_text().strip()}/{fields[19]}"


def is_alive(pid: int, birth: str) -> bool:
    """Whether the process that was born then under this number still runs."""
    return bool(birth) and birth_of(pid) == birth


def end_session(session: int, grace_seconds: float) -> None:
    """Ask every process of a session to end, then kill what is left; never the caller."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        end = time.monotonic() + grace_seconds
        members = signal_session(session, number)
        while members and time.monotonic() < end:
            time.sleep(0.02)
            members = _members(session)
        if not members:
            return


def signal_session(session: int, number: signal.Signals) -> Sequence[int]:
    """Send a signal to every process of a session but the caller; their numbers.

    A session and not a process group: Spark puts its workers into groups of their own.
    """
    members = _members(session)
    for pid in members:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    return members


def _members(session: int) -> list[int]:
    if not _PROC.is_dir():
        return _members_by_ps(session)
    found = []
    for entry in os.scandir(_PROC):
        fields = _stat_of(int(entry.name)) if entry.name.isdecimal() else []
        # Field 6 of proc(5) is the session.
        if fields and fields[0] not in "ZX" and int(fields[3]) == session:
            found.append(int(entry.name))
    return [pid for pid in found if pid != os.getpid()]


def _stat_of(pid: int) -> list[str]:
    """Fields 3 and on of a process's stat line; the name before them may hold anything."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _birth_by_ps(pid: int) -> str:
    found = _ps("stat=,lstart=", "-p", str(pid)).strip()
    return "" if found[:1] in ("", "Z") else found.partition(" ")[2].strip()


def _members_by_ps(session: int) -> list[int]:
    lines = [line.split() for line in _ps("pid=,stat=", "-A").splitlines()]
    return [
        int(pid)
        for pid, state in lines
        if state[0] != "Z" and int(pid) != os.getpid() and _session_of(int(pid)) == session
    ]


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def _ps(columns: str, *which: str) -> str:
    command = ["ps", "-o", columns, *which]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout
