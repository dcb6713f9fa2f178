"""What capture costs: off, durable and synced, on the fast face and on Flask's."""

from benchmarks.scoring.failures import Failures
from benchmarks.scoring.load import load
from benchmarks.scoring.ours import ours
from benchmarks.scoring.plan import CLIENTS, FINE_ROUNDS, SECONDS
from benchmarks.scoring.rounds import Case, Figures, medians
from benchmarks.scoring.servers import Running

FACES = {"fast": "scorer_container", "flask": "benchmarks.scoring.apps.flask_face"}
MODES = ("off", "durable", "synced")


def capture_cost(case: Case, failures: Failures) -> dict[str, Figures]:
    """`<face>, <mode>` -> its figures with 1 and with many clients."""
    servers = [
        ours(f"{face}, {mode}", case.packages["compiled"], case.folder, capture=mode, module=module)
        for face, module in FACES.items()
        for mode in MODES
    ]
    return medians(servers, case, _look, failures, rounds=FINE_ROUNDS)


def _look(run: Running, case: Case) -> Figures:
    request = run.server.request(case.rows[:1])
    load(run.port, request, clients=4, seconds=0.5)
    figures = {}
    for clients in (1, CLIENTS):
        seen = load(run.port, request, clients=clients, seconds=SECONDS)
        figures[f"p50_ms_{clients}"] = seen.percentile(0.5)
        figures[f"per_second_{clients}"] = seen.answers / seen.seconds
    return figures
