"""Find runs: the statistics runs that may still move, the newest ones, or all that are kept.

Runs are many, a busy installation has one a minute, and whoever turns the clock looks at them each
time. So it is written down below which number all have ended, and what ended does not move again.
"""

from scienceops.core.versions import OPEN_RUNS, EndedRuns, StatisticsRun
from scienceops.ports import Ports
from scienceops.usecases.records import (
    STATISTICS,
    SYSTEM,
    Clock,
    Stored,
    find,
    find_all,
    number_key,
    update,
    value_of,
)

ENDED = "ended-runs"


def read_runs(ports: Ports) -> list[Stored[StatisticsRun]]:
    """Every statistics run that is kept, oldest first."""
    return find_all(ports.registry, STATISTICS, "run/", StatisticsRun)


def read_run(number: int, ports: Ports) -> Stored[StatisticsRun] | None:
    """One run, or None."""
    return find(ports.registry, STATISTICS, number_key("run", number), StatisticsRun)


def current_runs(ports: Ports) -> list[StatisticsRun]:
    """Every run that may still move, whatever came after the oldest of them, and the newest run.

    Oldest first.
    """
    return _runs_since(_ended(ports).value.below, ports)


def newest_runs(ports: Ports, most: int) -> list[StatisticsRun]:
    """The newest `most` runs that are kept, oldest first."""
    runs = current_runs(ports)
    since = newest = runs[-1].number if runs else 0
    width = most
    while len(runs) < most and since > 1:
        # Numbers have gaps where old runs are gone.
        since = max(newest - width + 1, 1)
        runs = _runs_since(since, ports)
        width *= 4
    return runs[-most:]


def note_ended_runs(current: list[StatisticsRun], ports: Ports, clock: Clock) -> None:
    """Write down below which of the current runs all have ended.

    The newest run stays a current one: the next number follows from it.
    """
    if not current:
        return
    moving = (run.number for run in current if run.state in OPEN_RUNS)
    below = min(moving, default=current[-1].number)
    if current[0].number < below:
        update(
            ports.registry,
            lambda: _ended(ports),
            lambda ended: ended.model_copy(update={"below": max(below, ended.below)}),
            at=clock(),
        )


def ledgered(run: StatisticsRun, action: str) -> str:
    """The action as the ledger tells it; empty, which is no entry, of a run that the clock began.

    What such a run did is in its record, and nobody asks who wanted it.
    """
    return "" if run.requested_by == SYSTEM else action


def _ended(ports: Ports) -> Stored[EndedRuns]:
    found = find(ports.registry, STATISTICS, ENDED, EndedRuns)
    return found or Stored(EndedRuns(), STATISTICS, ENDED)


def _runs_since(number: int, ports: Ports) -> list[StatisticsRun]:
    found = ports.registry.scan(STATISTICS, "run/", since=number_key("run", number))
    return [value_of(record, StatisticsRun) for record in found]
