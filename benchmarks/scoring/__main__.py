"""What a scored row costs, beside other servers of the same model: `make bench-scoring`.

Every server has one worker. They take turns, so that a noisy minute falls on all of them. CPU time
is that of the server's whole process tree, so that ours has the shipping of captures in it. QUICK=1
measures one model for a shorter time. The last line is one JSON object.
"""

import json
import os
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import joblib

from benchmarks.scoring.load import ask, load
from benchmarks.scoring.measure import cpu_seconds, memory_mb
from benchmarks.scoring.models import NAMES, data_of, train
from benchmarks.scoring.servers import Running, Server, mlflow, ours, own_flask, running
from scienceops import pack

QUICK = bool(os.environ.get("QUICK"))
ROUNDS = 2 if QUICK else 5
SECONDS = 2.0 if QUICK else 4.0
LARGE = 1000


def main() -> None:
    """Measure model by model, print a table for each, and all of it as JSON."""
    figures = {}
    with tempfile.TemporaryDirectory() as place:
        for name in NAMES[:1] if QUICK else NAMES:
            figures[name] = measure_model(name, Path(place))
            print_table(name, figures[name])
    print(json.dumps(figures))


def measure_model(name: str, folder: Path) -> dict[str, dict[str, float]]:
    """Server -> medians of its figures."""
    model = train(name)
    frame, _ = data_of(name)
    rows = (frame.to_dict("records") * (1 + LARGE // len(frame)))[:LARGE]
    dumped = folder / f"{name}.joblib"
    joblib.dump(model, dumped)
    packages = {
        runtime: pack(
            model,
            frame.head(50),
            name="bench",
            training_data=frame,
            runtime=runtime,
            path=folder / f"{name}-{runtime}.zip",
        )
        for runtime in ("compiled", "sklearn")
    }
    servers = [
        ours("ours", packages["compiled"], folder / name),
        ours("ours, sklearn", packages["sklearn"], folder / name),
        own_flask(dumped, "granian"),
        own_flask(dumped, "gunicorn"),
        mlflow(dumped, folder),
    ]
    wanted = model.predict(frame.head(50)).tolist()
    found: dict[str, list[dict[str, float]]] = {server.name: [] for server in servers}
    for number in range(ROUNDS):
        sys.stderr.write(f"{name}: round {number + 1} of {ROUNDS}\n")
        with ExitStack() as stack:
            started = [stack.enter_context(running(server, rows[0])) for server in servers]
            for run in started:
                check_labels(run.server, run, rows[:50], wanted)
            for run in started:
                found[run.server.name].append(measure(run, rows))
    return {
        server: {what: statistics.median(r[what] for r in rounds) for what in rounds[0]}
        for server, rounds in found.items()
    }


def check_labels(server: Server, run: Running, rows: list[dict[str, Any]], wanted: Any) -> None:
    """What answers otherwise than the model is not measured."""
    answer = json.loads(ask(run.port, server.request(rows)))
    assert server.labels(answer) == wanted, f"{server.name} answers otherwise than the model"


def measure(run: Running, rows: list[dict[str, Any]]) -> dict[str, float]:
    """One round of one server."""
    one, many = run.server.request(rows[:1]), run.server.request(rows)
    load(run.port, one, clients=4, seconds=0.5)
    figures = {"start_seconds": run.start_seconds}
    for clients in (1, 32):
        before = cpu_seconds(run.pid)
        seen = load(run.port, one, clients=clients, seconds=SECONDS)
        cpu = cpu_seconds(run.pid) - before
        figures[f"cpu_us_{clients}"] = cpu / seen.answers * 1e6
        figures[f"p50_ms_{clients}"] = seen.percentile(0.5)
        figures[f"p99_ms_{clients}"] = seen.percentile(0.99)
        figures[f"per_second_{clients}"] = seen.answers / seen.seconds
    seen = load(run.port, many, clients=1, seconds=SECONDS)
    figures["rows_per_second"] = seen.answers * len(rows) / seen.seconds
    figures["memory_mb"] = memory_mb(run.pid)
    return figures


SHOWN = {
    "cpu_us_1": "CPU us, 1 client",
    "cpu_us_32": "CPU us, 32",
    "p50_ms_1": "p50 ms, 1",
    "p99_ms_1": "p99 ms, 1",
    "p50_ms_32": "p50 ms, 32",
    "per_second_32": "per s, 32",
    "rows_per_second": f"rows per s, {LARGE} at a time",
    "memory_mb": "memory MB",
    "start_seconds": "start s",
}


def print_table(name: str, figures: dict[str, dict[str, float]]) -> None:
    """Medians, and in brackets how many times those of ours."""
    print(f"\n{name}\n| server | " + " | ".join(SHOWN.values()) + " |")
    print("|---|" + "---|" * len(SHOWN))
    base = figures["ours"]
    for server, values in figures.items():
        cells = [f"{values[k]:.4g} ({values[k] / base[k]:.3g})" for k in SHOWN]
        print(f"| {server} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
