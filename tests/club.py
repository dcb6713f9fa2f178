"""A club that is scored for two days: what a statistics job reads, and what it should come to."""

import io
import json
import math
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from contract.waiting import PATIENCE

from scienceops.core.captures import CaptureLayout
from scienceops.core.names import Partition, run_manifest_key, version_file_key
from scienceops.core.schema import Column, Schema
from scienceops.core.segments import segment_schema
from scienceops.core.stats.baseline import build_baseline
from stats_job.inline import summarise_inline
from stats_job.run import execute, read_run

SCHEMA = Schema(
    (
        Column("age", "number", nullable=True),
        Column("city", "string", categories=("Bonn", "Köln")),
        Column("note", "string"),
        Column("member", "boolean"),
    )
)
LAYOUT = CaptureLayout("classification", SCHEMA, ("no", "yes"))
DAYS = [date(2026, 11, 20), date(2026, 11, 21)]
ROWS = 3000


def segment(random, partition, first, count, shift):
    noon = datetime.combine(partition.date, datetime.min.time(), UTC) + timedelta(hours=12)
    ages = random.normal(40 + shift, 10, count)
    columns = {
        "request_id": [f"r-{first + i}" for i in range(count)],
        "row": [0] * count,
        "captured_at": [noon] * count,
        "service": ["club"] * count,
        "version": [1] * count,
        "package_digest": ["d"] * count,
        "correlation_id": [None] * count,
        "latency_ms": random.uniform(1, 5, count),
        "input.age": [None if random.random() < 0.1 else float(a) for a in ages],
        "input.city": random.choice(["Bonn", "Köln", "Trier"], count, p=[0.6, 0.3, 0.1]),
        "input.note": ["x" * int(n) for n in random.integers(0, 30, count)],
        "input.member": random.random(count) < 0.5,
        "prediction": random.choice(["no", "yes"], count),
        "probability.no": random.random(count),
        "probability.yes": random.random(count),
    }
    out = io.BytesIO()
    pq.write_table(pa.table(columns, schema=segment_schema(LAYOUT)), out)
    return out.getvalue()


def fill(ports):
    """Put two days of captures into the bucket, one segment of which is there twice."""
    random = np.random.default_rng(3)
    training = {
        "age": [
            None if i % 10 == 0 else float(a) for i, a in enumerate(random.normal(40, 10, 2000))
        ],
        "city": random.choice(["Bonn", "Köln"], 2000),
        "note": ["x" * int(n) for n in random.integers(0, 30, 2000)],
        "member": random.random(2000) < 0.5,
        "prediction": random.choice(["no", "yes"], 2000),
    }
    kinds = {c.name: c.kind for c in SCHEMA.columns} | {"prediction": "category"}
    manifest = {"task": LAYOUT.task, "classes": list(LAYOUT.classes)}
    for file, content in {
        "manifest.json": json.dumps(manifest).encode(),
        "schema.json": json.dumps(SCHEMA.to_json_schema()).encode(),
        "baseline.parquet": build_baseline(training, kinds).to_parquet(),
    }.items():
        ports.objects.put(version_file_key("club", 1, file), content)
    partitions = []
    for day, shift in zip(DAYS, (0, 8), strict=True):
        place = Partition("club", 1, day)
        keys = []
        for number in range(3):
            content = segment(random, place, number * 1000, 1000, shift)
            keys.append(place.segment_key("a", number))
            ports.objects.put(keys[-1], content)
        keys.append(place.segment_key("b", 9))
        ports.objects.put(keys[-1], content)
        partitions.append({"service": "club", "version": 1, "date": day.isoformat(), "keys": keys})
    for number in (1, 2, 3):
        frozen = {
            "run_id": f"run-{number:09d}",
            "run_number": number,
            "environment": "test",
            "partitions": partitions,
        }
        ports.objects.put(run_manifest_key(frozen["run_id"]), json.dumps(frozen).encode())


def run_inline(ports, number):
    run = read_run(run_manifest_key(f"run-{number:09d}"), ports.objects)
    summarise = partial(summarise_inline, objects=ports.objects)
    return execute(run, "inline", summarise, ports.objects, ports.statistics)


def run_spark(settings, number):
    """The result of the same by Spark, in a process of its own as on every platform."""
    key = run_manifest_key(f"run-{number:09d}")
    job = subprocess.run(
        [sys.executable, "-m", "stats_job", "--manifest", key, "--engine", "spark"],
        env={**os.environ, **settings.as_environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=300 * PATIENCE,
        check=False,
    )
    assert job.returncode == 0, job.stderr
    return json.loads(job.stdout.splitlines()[-1])


def values(ports):
    return {
        (r.prediction_date, r.feature_name, r.statistic): (r.value, r.n)
        for r in ports.statistics.read("club")
    }


def assert_same(found, expected):
    """Spark's values are the inline engine's: counts exactly, the others but for rounding."""
    assert found.keys() == expected.keys()
    for place, (value, n) in found.items():
        wanted, wanted_n = expected[place]
        assert n == wanted_n, place
        statistic = place[2].partition(":")[0]
        if statistic in ("count", "missing", "histogram", "category_count", "verdict", "distinct"):
            assert value == wanted, place
        else:
            assert math.isclose(value, wanted, rel_tol=1e-9, abs_tol=1e-12), place
