"""How long each door on AWS takes to start: `make bench-doors`.

Each start is a new process that can import the bundle and the standard library alone, as in
Lambda. Processor time is told, since it is what a share of a processor is spent on; the doors take
turns, so that a busy moment of the machine strikes all. The last line is one JSON object.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

BUNDLE = Path(__file__).parents[1] / "build/aws"
DOORS = ("http", "on_alert", "on_capture", "on_model_upload", "on_timer", "on_work")
ROUNDS = 3 if os.environ.get("QUICK") else 9
CODE = """
import sys, time
sys.path.insert(0, {bundle!r})
began = time.process_time()
import functions.aws.{door} as door
imported = time.process_time()
{first}
print(imported - began, time.process_time() - imported)
"""


def start(door: str) -> tuple[float, float]:
    """Processor seconds of (the door's import, the imports of its first event)."""
    first = (
        "import scienceops.web, scienceops.app, serverless_wsgi, scienceops.adapters.aws"
        if door == "http"
        else "import scienceops.app, scienceops.adapters.aws"
    )
    code = CODE.format(bundle=str(BUNDLE), door=door, first=first)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    imported, made = done.stdout.split()
    return float(imported), float(made)


def main() -> int:
    """Measure, print a table and the JSON line."""
    taken: dict[str, list[tuple[float, float]]] = {door: [] for door in DOORS}
    for _ in range(ROUNDS):
        for door in DOORS:
            taken[door].append(start(door))
    print(f"{'door':<18}{'import (s)':>12}{'first event (s)':>18}")
    medians = {}
    for door, times in taken.items():
        imported = statistics.median(first for first, _ in times)
        made = statistics.median(second for _, second in times)
        medians[door] = {"import_cpu_s": round(imported, 3), "first_event_cpu_s": round(made, 3)}
        print(f"{door:<18}{imported:>12.3f}{made:>18.3f}")
    print(json.dumps({"rounds": ROUNDS, "doors": medians}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
