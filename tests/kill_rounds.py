"""Rounds of kill -9 under load: what was acknowledged is captured, once, whoever died."""

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

from contract.waiting import PATIENCE
from models import iris_rows
from platform_process import wait_for
from scorer_process import Scorer

TARGETS = ("worker", "server", "shipping", "all")
CLIENTS = 4


@dataclass
class Rounds:
    """What happened: rows of each acknowledged call, who was killed, and calls that were
    taken, or may have been, and never answered."""

    acknowledged: dict[str, int] = field(default_factory=dict)
    unanswered: int = 0
    killed: Counter[str] = field(default_factory=Counter)


def tree(pid: int) -> dict[int, str]:
    """pid -> command of a process and all that came of it."""
    found = {pid: _command(pid)}
    for parent in found.copy():
        for task in Path(f"/proc/{parent}/task").glob("*"):
            with contextlib.suppress(OSError):
                for child in map(int, (task / "children").read_text().split()):
                    found |= tree(child)
    return found


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""


def victims(scorer: Scorer, target: str) -> list[int]:
    """The processes to kill."""
    assert scorer.process is not None
    found = tree(scorer.process.pid)
    if target == "all":
        return list(found)
    if target == "shipping":
        return [pid for pid, command in found.items() if "scorer_container.ship" in command]
    # The server comes before the workers that it forked; their numbers say nothing, for they wrap.
    serving = [pid for pid, command in found.items() if "scorer_container.serve" in command]
    return serving[:1] if target == "server" else serving[1:2]


def run_rounds(scorer: Scorer, rounds: int, seed: int) -> Rounds:
    """Load the scorer, kill a part of it in each round, and start it again where it ended."""
    chance = random.Random(seed)
    seen = Rounds()
    lock = threading.Lock()
    stop = threading.Event()

    def load(number: int) -> None:
        rows = iris_rows()[number : number + 1 + number % 3]
        while not stop.is_set():
            try:
                status, answer = scorer.score(rows)
            except (OSError, ValueError, HTTPException) as error:
                if not isinstance(getattr(error, "reason", error), ConnectionRefusedError):
                    with lock:
                        seen.unanswered += 1
                time.sleep(0.01)
                continue
            if status == 200:
                with lock:
                    seen.acknowledged[answer["request_id"]] = len(rows)

    scorer.start()
    clients = [threading.Thread(target=load, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        for _ in range(rounds):
            before = len(seen.acknowledged)

            def goes_on(before: int = before) -> bool:
                _revive(scorer)
                return len(seen.acknowledged) > before

            wait_for(goes_on, 60, "an answer")
            time.sleep(chance.uniform(0.0, 0.4))
            target = chance.choice(TARGETS)
            for pid in victims(scorer, target):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            seen.killed[target] += 1
            if target in ("all", "server"):
                scorer.process.wait(60 * PATIENCE)
    finally:
        stop.set()
        for client in clients:
            client.join()
    # It may be about to end by what was done to it last, as one whose workers die again and again
    # does: whoever runs it starts it anew, and that one, left alone, ships all that there is.
    scorer.stop()
    assert scorer.start().stop() == 0, scorer.log.read_text()[-4000:]
    return seen


def _revive(scorer: Scorer) -> None:
    """Start it again if it has ended, which one whose workers die does some time after them."""
    process = scorer.process
    assert process is not None
    if process.poll() is not None:
        assert process.stdin is not None
        process.stdin.close()
        scorer.start()


def faults(seen: Rounds, captured: Counter[tuple[str, int]], counted: int) -> list[str]:
    """What is not as it must be.

    captured: how often each (request id, row) is in the bucket. counted: rows that the statistics
    job has counted.
    """
    wanted = {(i, row) for i, count in seen.acknowledged.items() for row in range(count)}
    lost = wanted - set(captured)
    twice = [key for key, count in captured.items() if count > 1]
    more = {identity for identity, _ in captured} - set(seen.acknowledged)
    found = []
    if lost:
        found.append(f"{len(lost)} acknowledged rows were not captured")
    if twice:
        found.append(f"{len(twice)} rows were captured twice")
    if counted != len(captured):
        found.append(f"{len(captured)} rows were captured, {counted} counted by the job")
    if len(more) > seen.unanswered:
        found.append(f"{len(more)} captured calls were never made, {seen.unanswered} had no answer")
    return found
