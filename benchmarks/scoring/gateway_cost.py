"""What the gateway adds: the same rows through it and straight to a scorer, in turns."""

import statistics
import sys

from benchmarks.scoring.environments import ROOT
from benchmarks.scoring.load import load, request_of
from benchmarks.scoring.ours import ours
from benchmarks.scoring.plan import QUICK, SECONDS
from benchmarks.scoring.rounds import Case, Figures
from benchmarks.scoring.servers import running

sys.path.append(str(ROOT / "tests"))

from platform_process import Platform  # After the path.

TURNS = 3 if QUICK else 7


def gateway_cost(case: Case) -> Figures:
    """p50 with one client through the gateway, without it, and the difference, in ms."""
    direct_of = ours("direct", case.packages["compiled"], case.folder)
    body = direct_of.request(case.rows[:1]).partition(b"\r\n\r\n")[2]
    platform = Platform(case.folder / "platform").up()
    try:
        platform.cli("push", str(case.packages["compiled"]), "--wait")
        key = platform.json("keys", "bench", "create")["key"]
        path = "/api/v1/service/bench/score"
        request = request_of(path, body, Authorization=f"Bearer {key}")
        through, direct = [], []
        with running(direct_of, case.rows[0]) as run:
            for _ in range(TURNS):
                seen = load(platform.port, request, clients=1, seconds=SECONDS)
                through.append(seen.percentile(0.5))
                straight = direct_of.request(case.rows[:1])
                seen = load(run.port, straight, clients=1, seconds=SECONDS)
                direct.append(seen.percentile(0.5))
    finally:
        platform.down()
    added = [t - d for t, d in zip(through, direct, strict=True)]
    return {
        "p50_ms_through": statistics.median(through),
        "p50_ms_direct": statistics.median(direct),
        "p50_ms_added": statistics.median(added),
    }
