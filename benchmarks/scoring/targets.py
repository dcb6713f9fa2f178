"""Targets: what was set out to be reached, beside what was measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.scoring.plan import CLIENTS

TREES = ("forest", "boosting")


@dataclass(frozen=True)
class Target:
    """found against wanted; `at_most` where less is better."""

    what: str
    wanted: float
    found: float
    at_most: bool = False

    @property
    def met(self) -> bool:
        """Whether it is reached."""
        return self.found <= self.wanted if self.at_most else self.found >= self.wanted


def targets(figures: Mapping[str, Any]) -> list[Target]:
    """Each target whose figures were measured."""
    found = []
    for model, servers in figures["models"].items():
        if model == "text":
            continue
        trees = model in TREES
        mine = servers["ours"]
        for peer, cpu, p50, rows, start in (
            ("MLflow", 150 if trees else 80, 50 if trees else 25, 8, 12),
            ("MLServer", 60 if trees else 12, 30 if trees else 6, 2, 5),
        ):
            theirs = servers[peer]
            for what, key, wanted in (
                ("CPU a request", f"cpu_us_{CLIENTS}", cpu),
                ("p50 with 1 client", "p50_ms_1", p50),
                ("start", "start_seconds", start),
            ):
                name = f"{model}: {what}, times less than {peer}"
                found.append(Target(name, wanted, theirs[key] / mine[key]))
            for form, key in (("JSON", "rows_per_second"), ("Arrow", "arrow_rows_per_second")):
                name = f"{model}: rows/s in {form}, times {peer}"
                found.append(Target(name, rows, mine[key] / theirs["rows_per_second"]))
        plain, mlflow = servers["ours, sklearn"], servers["MLflow"]
        ratio = plain[f"per_second_{CLIENTS}"] / mlflow[f"per_second_{CLIENTS}"]
        found.append(Target(f"{model}: plain path, requests/s, times MLflow", 4, ratio))
    return found + _others(figures)


def _others(figures: Mapping[str, Any]) -> list[Target]:
    capture, many = figures["capture"], f"per_second_{CLIENTS}"
    share = 1 - capture["flask, durable"][many] / capture["flask, off"][many]
    waits = capture["fast, synced"]["p50_ms_1"] - capture["fast, off"]["p50_ms_1"]
    added = figures["gateway"]["p50_ms_added"]
    commit = figures["commit_ms"]
    return [
        Target("durable costs a share of throughput on the Flask face", 0.10, share, at_most=True),
        Target("synced adds at p50, against one fdatasync, ms", commit * 1.1, waits, at_most=True),
        Target("gateway adds at p50, ms", 1.5, added, at_most=True),
    ]
