"""Races between processes: all are ready, all are told to go, each says what came of it."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from contract.waiting import PATIENCE


def start_racer(action: str, home: Path, name: str) -> subprocess.Popen[str]:
    """A process that will do `action` of `contract.racers` once it reads a line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "contract.racers", action, str(home), name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def tell_to_go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def race(action: str, home: Path, names: Sequence[str]) -> list[list[str]]:
    """What each of the racers printed, as words; all of them ended well."""
    racers = [start_racer(action, home, name) for name in names]
    for racer in racers:
        tell_to_go(racer)
    said = [racer.communicate(timeout=60 * PATIENCE)[0].split() for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * len(racers)
    return said
