"""What capture costs: off, durable and synced, on the fast face and on Flask's."""

from benchmarks.scoring.ours import ours
from benchmarks.scoring.plan import CLIENTS
from benchmarks.scoring.rounds import Case, Figures, medians, under_load
from benchmarks.scoring.servers import Running

FACES = {"fast": "scorer_container", "flask": "benchmarks.scoring.apps.flask_face"}
MODES = ("off", "durable", "synced")


def capture_cost(case: Case) -> dict[str, Figures]:
    """`<face>, <mode>` -> its figures with 1 and with many clients."""
    servers = [
        ours(f"{face}, {mode}", case.packages["compiled"], case.folder, capture=mode, module=module)
        for face, module in FACES.items()
        for mode in MODES
    ]
    return medians(servers, case, _look)


def _look(run: Running, case: Case) -> Figures:
    rows = case.rows[:1]
    under_load(run, rows, 4)
    return under_load(run, rows, 1) | under_load(run, rows, CLIENTS)
