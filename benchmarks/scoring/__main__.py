"""What a scored row costs, beside other servers of the same model: `make bench-scoring`.

Every server is alone on the machine while it is measured, with one worker, and they take turns.
CPU time is that of its whole process tree, so that ours has the shipping of captures in it. Then
each is run as it does best. QUICK=1 measures one model, once. What fails is told in the tables, the
rest is measured; with STRICT=1 it ends with exit code 1 then. The last line is one JSON object.
"""

import json
import os
import signal
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.scoring.capture_cost import capture_cost
from benchmarks.scoring.failures import Failures, going_on, of_model
from benchmarks.scoring.gateway_cost import gateway_cost
from benchmarks.scoring.models import NAMES
from benchmarks.scoring.ours import echo, ours
from benchmarks.scoring.peers import Make, peers, peers_at_their_best
from benchmarks.scoring.plan import CLIENTS, QUICK, STRICT
from benchmarks.scoring.report import (
    show_best,
    show_failures,
    show_model,
    show_plain,
    show_servers,
    show_targets,
)
from benchmarks.scoring.rounds import Case, Figures, everything, medians, prepare, throughput
from benchmarks.scoring.servers import Server
from benchmarks.scoring.targets import targets

MANY = f"per_second_{CLIENTS}"
#: Calls of one client come about so fast, and a disk takes longer over a commit that follows none.
BETWEEN_COMMITS_SECONDS = 0.0002
NONE: dict[str, float | str] = {"per_second": 0.0}


def main() -> int:
    """Measure model by model, print a table for each, and all of it as JSON."""
    # Whoever ends this ends the server that it runs, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    failures: Failures = {}
    figures: dict[str, Any] = {"models": {}, "best": {}, "capture": {}, "gateway": {}}
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        for name in NAMES[:1] if QUICK else NAMES:
            case = prepare(name, folder)
            servers = with_one_worker(case, failures)
            if not figures["models"]:
                show_servers(servers)
                first = case
            figures["models"][name] = medians(servers, case, everything, failures)
            show_model(name, figures["models"][name], of_model(failures, name))
            if not QUICK:
                figures["best"][name] = at_their_best(case, figures["models"][name], failures)
                show_best(name, figures["best"][name])
        figures["capture"] = capture_cost(first, failures)
        show_plain("capture, linear", figures["capture"])
        with going_on(failures, "linear: gateway"):
            figures["gateway"] = gateway_cost(first)
        show_plain("gateway, linear, one client", {"": figures["gateway"]})
        figures["commit_ms"] = commit_ms(folder)
    found = targets(figures)
    show_targets(found)
    show_failures(failures)
    figures["targets"] = [
        {"what": t.what, "wanted": t.wanted, "found": t.found, "met": t.met} for t in found
    ]
    figures["not_measured"] = failures
    figures["seconds"] = round(time.monotonic() - began)
    print(json.dumps(figures))
    return 1 if failures and STRICT else 0


def with_one_worker(case: Case, failures: Failures) -> list[Server]:
    """Ours, the limit, and every peer that can be made."""
    servers = [
        ours("ours", case.packages["compiled"], case.folder / case.name),
        ours("ours, sklearn", case.packages["sklearn"], case.folder / case.name),
        echo(),
    ]
    for name, make in peers(case.dumped, case.folder):
        with going_on(failures, f"{case.name}: {name}"):
            servers.append(make())
    return servers


def at_their_best(
    case: Case, single: dict[str, Figures], failures: Failures
) -> dict[str, dict[str, float | str]]:
    """Server -> how it is run, and what it then does, for the way that answers most calls."""
    workers = os.cpu_count() or 1
    place = case.folder / f"{case.name}-best"
    best: dict[str, dict[str, float | str]] = {
        name: {"as": "one worker", "per_second": f[MANY], "p50_ms": f[f"p50_ms_{CLIENTS}"]}
        for name, f in single.items()
    }
    ways: list[tuple[str, Make]] = [
        ("ours", partial(ours, "ours", case.packages["compiled"], place, workers=workers)),
        ("echo", partial(echo, workers=workers)),
        *peers_at_their_best(case.dumped, case.folder, workers),
    ]
    for name, make in ways:
        with going_on(failures, f"{case.name}: {name}"):
            server = make()
            found = medians([server], case, throughput, failures, rounds=1).get(server.name)
            if found and found["per_second"] > float(best.get(name, NONE)["per_second"]):
                best[name] = {"as": server.note, **found}
    return best


def commit_ms(folder: Path) -> float:
    """Median milliseconds of one fdatasync of a few bytes, as far apart as one client's calls."""
    taken = []
    with (folder / "commit").open("ab", buffering=0) as file:
        for _ in range(50):
            time.sleep(BETWEEN_COMMITS_SECONDS)
            file.write(b"x" * 300)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


if __name__ == "__main__":
    sys.exit(main())
