"""Report: the figures as tables for people."""

from collections.abc import Iterable, Mapping

from benchmarks.scoring.environments import versions_of
from benchmarks.scoring.failures import Failures
from benchmarks.scoring.plan import CLIENTS, LARGE
from benchmarks.scoring.rounds import Figures
from benchmarks.scoring.servers import Server
from benchmarks.scoring.targets import Target

SHOWN = {
    "cpu_us_1": "CPU us, 1 client",
    f"cpu_us_{CLIENTS}": f"CPU us, {CLIENTS}",
    "p50_ms_1": "p50 ms, 1",
    "p99_ms_1": "p99 ms, 1",
    f"p50_ms_{CLIENTS}": f"p50 ms, {CLIENTS}",
    f"p99_ms_{CLIENTS}": f"p99 ms, {CLIENTS}",
    f"per_second_{CLIENTS}": f"requests/s, {CLIENTS}",
    "rows_per_second": f"rows/s, {LARGE} a call",
    "mlflow_rows_per_second": "the same, MLflow's form",
    "v2_rows_per_second": "the same, V2",
    "arrow_rows_per_second": "the same, Arrow",
    "memory_mb": "memory MB",
    "start_seconds": "start s",
}


def show_servers(servers: Iterable[Server]) -> None:
    """The exact versions and commands."""
    for server in servers:
        versions = " ".join(f"{k} {v}" for k, v in versions_of(server.environment).items())
        print(f"{server.name}: {' '.join(server.command(8000))}\n  {versions}")


def show_model(name: str, figures: Mapping[str, Figures], failed: Mapping[str, str]) -> None:
    """Medians, and in brackets how many times those of ours; and what was not measured."""
    print(f"\n{name}, one worker\n| server | " + " | ".join(SHOWN.values()) + " |")
    print("|---|" + "---|" * len(SHOWN))
    base = figures.get("ours", {})
    for server, values in figures.items():
        cells = [_cell(values[key], base.get(key)) if key in values else "" for key in SHOWN]
        print(f"| {server} | " + " | ".join(cells) + " |")
    for server, reason in failed.items():
        print(f"| {server} | not measured: {reason}" + " |" * len(SHOWN))


def show_best(name: str, best: Mapping[str, Mapping[str, float | str]]) -> None:
    """Requests a second, each server run as it does best."""
    print(f"\n{name}, each at its best, {CLIENTS} clients\n| server | as | requests/s | p50 ms |")
    print("|---|---|---|---|")
    for server, found in best.items():
        rate, p50 = float(found["per_second"]), float(found["p50_ms"])
        print(f"| {server} | {found['as']} | {rate:.4g} | {p50:.4g} |")


def show_plain(title: str, figures: Mapping[str, Figures]) -> None:
    """A table of whatever was measured."""
    keys = list(next(iter(figures.values()), {}))
    if not keys:
        print(f"\n{title}: not measured")
        return
    print(f"\n{title}\n| | " + " | ".join(keys) + " |\n|---|" + "---|" * len(keys))
    for name, values in figures.items():
        print(f"| {name} | " + " | ".join(f"{values[key]:.4g}" for key in keys) + " |")


def show_targets(targets: Iterable[Target]) -> None:
    """Met or not, plainly."""
    print("\n| target | wanted | found | |\n|---|---|---|---|")
    for target in targets:
        sign = "at most" if target.at_most else "at least"
        met = {None: "not measured", True: "met", False: "NOT MET"}[target.met]
        found = "" if target.found is None else f"{target.found:.3g}"
        print(f"| {target.what} | {sign} {target.wanted:.3g} | {found} | {met} |")


def show_failures(failures: Failures) -> None:
    """What could not be measured, once more, where it is not overlooked."""
    for what, reason in failures.items():
        print(f"\nNOT MEASURED: {what}: {reason}")


def _cell(value: float, base: float | None) -> str:
    return f"{value:.4g} ({value / base:.3g})" if base else f"{value:.4g}"
