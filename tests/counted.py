"""Counted: what the statistics job, as a process of its own, makes of a scorer's captures."""

import json
import subprocess
import sys
import zipfile
from collections import defaultdict
from datetime import date

from contract.waiting import PATIENCE
from scorer_process import Scorer

from scienceops.core.names import Partition, run_manifest_key, version_file_key

SERVICE, VERSION = "iris", 1


def counted_rows(scorer: Scorer, run_number: int = 1) -> int:
    """The rows that a run over all of the bucket's partitions has counted."""
    bucket = scorer.home / "bucket"
    with zipfile.ZipFile(scorer.env["SCORER_PACKAGE"]) as package:
        for name in ("manifest.json", "schema.json", "baseline.parquet"):
            path = bucket / version_file_key(SERVICE, VERSION, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(package.read(name))
    keys = defaultdict(list)
    for path in sorted((bucket / "captures").rglob("*.parquet")):
        day = path.parent.name.removeprefix("date=")
        keys[Partition(SERVICE, VERSION, date.fromisoformat(day))].append(
            str(path.relative_to(bucket))
        )
    run = {
        "run_id": f"run{run_number}",
        "run_number": run_number,
        "environment": "test",
        "partitions": [
            {"service": SERVICE, "version": VERSION, "date": p.date.isoformat(), "keys": found}
            for p, found in keys.items()
        ],
    }
    manifest = bucket / run_manifest_key(run["run_id"])
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps(run))
    kept = {k: v for k, v in scorer.env.items() if not k.startswith("SCORER_")}
    done = subprocess.run(
        [sys.executable, "-m", "stats_job", "--manifest", run_manifest_key(run["run_id"]),
         "--engine", "inline"],
        env=kept, capture_output=True, text=True, timeout=300 * PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows: int = json.loads(done.stdout.splitlines()[-1])["rows_read"]
    return rows
