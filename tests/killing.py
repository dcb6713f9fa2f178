"""Runs a host or a command that kills itself at a step, for tests."""

import signal
import subprocess
import sys
from pathlib import Path

from contract.waiting import PATIENCE
from platform_process import Platform

SCRIPT = Path(__file__).parent / "e2e" / "kill_at.py"


def run_until_killed(platform: Platform, when: str, action: str, *program: str) -> None:
    """Run `host PORT` or `cli WORDS...`, which must die before or after the entry of the action."""
    with (platform.home.parent / "killed.log").open("wb") as out:
        killed = subprocess.run(
            [sys.executable, str(SCRIPT), when, action, *program],
            env=platform.env,
            stdout=out,
            stderr=out,
            timeout=300 * PATIENCE,
            check=False,
        )
    words = (platform.home.parent / "killed.log").read_text()
    assert killed.returncode == -signal.SIGKILL, words
