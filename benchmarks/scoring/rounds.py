"""Rounds: every server of a model is started, checked, loaded and ended in turn."""

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib

from benchmarks.scoring.failures import Failures, going_on
from benchmarks.scoring.load import ask, load
from benchmarks.scoring.measure import cpu_seconds, memory_mb
from benchmarks.scoring.models import data_of, train
from benchmarks.scoring.plan import CLIENTS, LARGE, ROUNDS, SECONDS
from benchmarks.scoring.servers import Running, Server, running
from scienceops import pack

Figures = dict[str, float]


class OtherLabels(Exception):
    """A server that answers otherwise than the model."""


@dataclass(frozen=True)
class Case:
    """A trained model as all servers get it: rows, and the labels that the first of them have."""

    name: str
    folder: Path
    dumped: Path
    packages: dict[str, Path]
    rows: list[dict[str, Any]]
    labels: list[Any]


def prepare(name: str, folder: Path) -> Case:
    """Train it, and write it down in each server's form."""
    model = train(name)
    frame, _ = data_of(name)
    dumped = folder / f"{name}.joblib"
    joblib.dump(model, dumped)
    packages = {
        runtime: pack(
            model,
            frame.head(50),
            name="bench",
            training_data=frame,
            runtime=runtime,
            # Boosting with categories holds functions that skops does not take.
            allow_pickle=True,
            path=folder / f"{name}-{runtime}.zip",
        )
        for runtime in ("compiled", "sklearn")
    }
    rows = (frame.to_dict("records") * (1 + LARGE // len(frame)))[:LARGE]
    return Case(name, folder, dumped, packages, rows, model.predict(frame.head(50)).tolist())


def medians(
    servers: Sequence[Server],
    case: Case,
    look: Callable[[Running, Case], Figures],
    failures: Failures,
    *,
    rounds: int = ROUNDS,
) -> dict[str, Figures]:
    """Server -> medians of its figures; they take turns, so that a noisy minute falls on all.

    One that fails is taken down in `failures` and not tried again.
    """
    found: dict[str, list[Figures]] = {server.name: [] for server in servers}
    for number in range(rounds):
        for place in range(len(servers)):
            # Each round begins with another, so that none is always the first.
            server = servers[(place + number) % len(servers)]
            what = f"{case.name}: {server.name}, {server.note}"
            if what in failures:
                continue
            sys.stderr.write(f"{what}: round {number + 1} of {rounds}\n")
            with going_on(failures, what), running(server, case.rows[0]) as run:
                check_labels(run, case)
                found[server.name].append(look(run, case))
    return {
        name: {what: statistics.median(r[what] for r in seen) for what in seen[0]}
        for name, seen in found.items()
        if seen
    }


def check_labels(run: Running, case: Case) -> None:
    """What answers otherwise than the model is not measured."""
    rows = case.rows[: len(case.labels)]
    found = run.server.labels(json.loads(ask(run.port, run.server.request(rows))))
    if found is not None and found != case.labels:
        raise OtherLabels(f"{found[:5]}... where the model has {case.labels[:5]}...")


def everything(run: Running, case: Case) -> Figures:
    """One round of one server."""
    server, rows = run.server, case.rows
    figures = {"start_seconds": run.start_seconds}
    load(run.port, server.request(rows[:1]), clients=4, seconds=0.5)
    # What the load before has left is not the next one's.
    time.sleep(server.settle_seconds)
    for clients in (1, CLIENTS):
        figures |= under_load(run, rows[:1], clients)
    for form, request in {"": server.request, **server.forms}.items():
        # What a form needs is imported by its first call.
        ask(run.port, request(rows))
        seen = load(run.port, request(rows), clients=1, seconds=SECONDS)
        name = f"{form}_rows_per_second".lstrip("_")
        figures[name] = seen.answers * len(rows) / seen.seconds
    figures["memory_mb"] = memory_mb(run.pid)
    return figures


def under_load(run: Running, rows: list[dict[str, Any]], clients: int) -> Figures:
    """CPU time of the server's whole tree for a request, and what its clients saw."""
    before = cpu_seconds(run.pid)
    seen = load(run.port, run.server.request(rows), clients=clients, seconds=SECONDS)
    time.sleep(run.server.settle_seconds)
    cpu = cpu_seconds(run.pid) - before
    return {
        f"cpu_us_{clients}": cpu / seen.answers * 1e6,
        f"p50_ms_{clients}": seen.percentile(0.5),
        f"p99_ms_{clients}": seen.percentile(0.99),
        f"per_second_{clients}": seen.answers / seen.seconds,
    }


def throughput(run: Running, case: Case) -> Figures:
    """Requests a second, and no more."""
    request = run.server.request(case.rows[:1])
    load(run.port, request, clients=4, seconds=0.5)
    seen = load(run.port, request, clients=CLIENTS, seconds=SECONDS)
    return {"per_second": seen.answers / seen.seconds, "p50_ms": seen.percentile(0.5)}
