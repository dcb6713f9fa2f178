"""Targets: what was set out to be reached, beside what was measured."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.scoring.plan import CLIENTS

TREES = ("forest", "boosting")
_CPU, _MANY = f"cpu_us_{CLIENTS}", f"per_second_{CLIENTS}"


@dataclass(frozen=True)
class Target:
    """found against wanted, None where it was not measured; `at_most` where less is better."""

    what: str
    wanted: float
    found: float | None
    at_most: bool = False

    @property
    def met(self) -> bool | None:
        """Whether it is reached; None when that is not known."""
        if self.found is None:
            return None
        return self.found <= self.wanted if self.at_most else self.found >= self.wanted


def targets(figures: Mapping[str, Any]) -> list[Target]:
    """Every target of the models that were measured."""
    models = figures["models"].items()
    return [
        *(target for name, servers in models if name != "text" for target in _of(name, servers)),
        *_others(figures),
    ]


def _of(model: str, servers: Mapping[str, Mapping[str, float]]) -> Iterator[Target]:
    trees = model in TREES
    mine = servers.get("ours", {})
    # JSON as the peer gets and answers it: MLflow's records, or V2's tensors.
    for peer, json, cpu, p50, rows, start in (
        ("MLflow", "mlflow_rows_per_second", 150 if trees else 80, 50 if trees else 25, 8, 12),
        ("MLServer", "v2_rows_per_second", 60 if trees else 12, 30 if trees else 6, 2, 5),
    ):
        theirs = servers.get(peer, {})
        for what, key, wanted in (
            ("CPU a request", _CPU, cpu),
            ("p50 with 1 client", "p50_ms_1", p50),
            ("start", "start_seconds", start),
        ):
            found = _ratio(theirs.get(key), mine.get(key))
            yield Target(f"{model}: {what}, times less than {peer}", wanted, found)
        for form, key in (("JSON", json), ("Arrow", "arrow_rows_per_second")):
            found = _ratio(mine.get(key), theirs.get("rows_per_second"))
            yield Target(f"{model}: rows/s in {form}, times {peer}", rows, found)
    plain, mlflow = servers.get("ours, sklearn", {}), servers.get("MLflow", {})
    found = _ratio(plain.get(_MANY), mlflow.get(_MANY))
    yield Target(f"{model}: plain path, requests/s, times MLflow", 4, found)


def _others(figures: Mapping[str, Any]) -> Iterator[Target]:
    def captured(name: str, key: str) -> float | None:
        found: float | None = figures["capture"].get(name, {}).get(key)
        return found

    kept = _ratio(captured("flask, durable", _MANY), captured("flask, off", _MANY))
    share = None if kept is None else 1 - kept
    synced, off = captured("fast, synced", "p50_ms_1"), captured("fast, off", "p50_ms_1")
    waits = None if synced is None or off is None else synced - off
    added = figures["gateway"].get("p50_ms_added")
    commit = figures["commit_ms"]
    name = "durable costs a share of throughput on the Flask face"
    yield Target(name, 0.10, share, at_most=True)
    name = "synced adds at p50, against one fdatasync, ms"
    yield Target(name, commit * 1.1, waits, at_most=True)
    yield Target("gateway adds at p50, ms", 1.5, added, at_most=True)


def _ratio(over: float | None, under: float | None) -> float | None:
    return None if over is None or not under else over / under
