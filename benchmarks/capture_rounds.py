"""Rounds of kill -9 under load: `make bench-capture`.

    python benchmarks/capture_rounds.py [ROUNDS] [SEED] [MODE]...

In each round a worker, the server, the shipping process or all of the scorer is killed while four
clients score. In the end every acknowledged row must be in the bucket, none of them twice, and the
statistics job must count each of them once, as often as it runs.
The last line is one JSON object; the exit code is 1 when something was lost or counted twice.
"""

import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "shared"), str(ROOT / "tests")]

from counted import counted_rows  # noqa: E402  # After the paths.
from kill_rounds import faults, run_rounds  # noqa: E402
from models import pack_iris  # noqa: E402
from scorer_process import Scorer  # noqa: E402

#: Those that promise to lose nothing.
MODES = ("durable", "synced", "stored")


def main(rounds: int = 50, seed: int = 1, *modes: str) -> int:
    """Run them for each mode."""
    figures = {}
    for mode in modes or MODES:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as place:
            figures[mode] = run(Path(place), mode, rounds, seed)
        print(f"{mode}: {figures[mode]} in {time.monotonic() - began:.0f} s", flush=True)
    print(json.dumps(figures))
    return int(any(found["faults"] for found in figures.values()))


def run(folder: Path, mode: str, rounds: int, seed: int) -> dict[str, object]:
    """The rounds of one mode, and their count by (request id, row)."""
    package = pack_iris(folder)
    scorer = Scorer(folder, package, workers=2, SCORER_CAPTURE=mode)
    seen = run_rounds(scorer, rounds, seed)
    captured = Counter((row["request_id"], row["row"]) for row in scorer.captured())
    counted = [counted_rows(scorer, number) for number in (1, 2)]
    return {
        "acknowledged_rows": sum(seen.acknowledged.values()),
        "captured_rows": sum(captured.values()),
        "counted_rows": counted[0],
        "counted_again": counted[1],
        "unanswered_calls": seen.unanswered,
        "killed": dict(seen.killed),
        "faults": [*faults(seen, captured, counted[0]), *faults(seen, captured, counted[1])],
    }


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3]), *sys.argv[3:]))
