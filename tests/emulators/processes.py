"""Processes that stand-ins run: in a group of their own, each line given on as it is written."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any


def start(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> "subprocess.Popen[str]":
    """Start a command, looked for in the PATH of its environment; `follow` reads what it writes."""
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def follow(process: "subprocess.Popen[str]", say: Callable[[str], None]) -> int:
    """Give each line to `say` until the end; the exit code, 128 and more for a signal."""
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            say(line.rstrip("\n"))
    code = process.wait()
    return code if code >= 0 else 128 - code


def end(process: "subprocess.Popen[Any]", number: int = signal.SIGKILL) -> None:
    """Send a signal to a process and to all that it has started, unless it has ended."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
