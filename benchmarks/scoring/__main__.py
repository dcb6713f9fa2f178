"""What a scored row costs, beside other servers of the same model: `make bench-scoring`.

Every server is alone on the machine while it is measured, with one worker, and they take turns.
CPU time is that of its whole process tree, so that ours has the shipping of captures in it. Then
each is run as it does best. QUICK=1 measures one model, once. The last line is one JSON object.
"""

import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.scoring.capture_cost import capture_cost
from benchmarks.scoring.gateway_cost import gateway_cost
from benchmarks.scoring.models import NAMES
from benchmarks.scoring.ours import echo, ours
from benchmarks.scoring.peers import peers, peers_at_their_best
from benchmarks.scoring.plan import QUICK
from benchmarks.scoring.report import (
    show_best,
    show_model,
    show_plain,
    show_servers,
    show_targets,
)
from benchmarks.scoring.rounds import Case, Figures, everything, medians, prepare, throughput
from benchmarks.scoring.servers import Server
from benchmarks.scoring.targets import targets


def main() -> None:
    """Measure model by model, print a table for each, and all of it as JSON."""
    began = time.monotonic()
    figures: dict[str, Any] = {"models": {}, "best": {}}
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        for name in NAMES[:1] if QUICK else NAMES:
            case = prepare(name, folder)
            servers = with_one_worker(case)
            if not figures["models"]:
                show_servers(servers)
                first = case
            figures["models"][name] = medians(servers, case, everything)
            show_model(name, figures["models"][name])
            if not QUICK:
                figures["best"][name] = at_their_best(case, figures["models"][name])
                show_best(name, figures["best"][name])
        figures["capture"] = capture_cost(first)
        show_plain("capture, linear", figures["capture"])
        figures["gateway"] = gateway_cost(first)
        show_plain("gateway, linear, one client", {"": figures["gateway"]})
        figures["commit_ms"] = commit_ms(folder)
    found = targets(figures)
    show_targets(found)
    figures["targets"] = [
        {"what": t.what, "wanted": t.wanted, "found": t.found, "met": t.met} for t in found
    ]
    figures["seconds"] = round(time.monotonic() - began)
    print(json.dumps(figures))


def with_one_worker(case: Case) -> list[Server]:
    """Ours, the limit, and every peer."""
    return [
        ours("ours", case.packages["compiled"], case.folder / case.name),
        ours("ours, sklearn", case.packages["sklearn"], case.folder / case.name),
        echo(),
        *peers(case.dumped, case.folder),
    ]


def at_their_best(case: Case, single: dict[str, Figures]) -> dict[str, dict[str, float | str]]:
    """Server -> how it is run, and what it then does, for the way that answers most calls."""
    workers = os.cpu_count() or 1
    place = case.folder / f"{case.name}-best"
    many = [
        ("ours", ours("ours", case.packages["compiled"], place, workers=workers)),
        ("echo", echo(workers=workers)),
        *peers_at_their_best(case.dumped, case.folder, workers),
    ]
    best: dict[str, dict[str, float | str]] = {
        name: {"as": "one worker", "per_second": f["per_second_32"], "p50_ms": f["p50_ms_32"]}
        for name, f in single.items()
    }
    for name, server in many:
        found = medians([server], case, throughput)[server.name]
        if found["per_second"] > float(best[name]["per_second"]):
            best[name] = {"as": server.note, **found}
    return best


def commit_ms(folder: Path) -> float:
    """Median milliseconds of one fdatasync of a few bytes on this disk."""
    taken = []
    with (folder / "commit").open("ab", buffering=0) as file:
        for _ in range(50):
            file.write(b"x" * 300)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
