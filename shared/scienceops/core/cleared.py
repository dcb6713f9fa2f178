"""Cleared: which records are old enough to go, and what is told of those that are gone."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Literal

from scienceops.core.alert_records import AlertDelivery
from scienceops.core.versions import OPEN_RUNS, Document, StatisticsRun

#: Kinds of records that are removed; of deliveries, those of one service.
Kind = Literal["runs", "rejections", "deliveries"]


class Cleared(Document):
    """The platform's note of its last clean-up.

    looked_at: when all that was old enough was last gone. gone_before: by what was removed, the
    time before which some of it is gone.
    """

    looked_at: str = ""
    gone_before: Mapping[str, str] = {}


def name_of(kind: Kind, service: str = "") -> str:
    """How `gone_before` names what was removed.

    >>> name_of("runs"), name_of("deliveries", "iris")
    ('runs', 'deliveries of iris')
    """
    return f"{kind} of {service}" if service else kind


def old_runs(
    runs: Sequence[StatisticsRun], shown: Set[int], before: datetime
) -> list[StatisticsRun]:
    """Runs that ended, that no day shows, and that were asked for before then; never the newest,
    from whose number the next one follows.
    """
    return [
        run
        for run in runs[:-1]
        if run.state not in OPEN_RUNS
        and run.number not in shown
        and datetime.fromisoformat(run.requested_at) < before
    ]


def old_deliveries(deliveries: Sequence[AlertDelivery], before: datetime) -> list[AlertDelivery]:
    """Events that are on their way no more and were made before then, but for each rule's last.

    That one says whether the alert as it stands was announced, and whether anybody was told of it.
    """
    old = [d for d in deliveries if datetime.fromisoformat(d.created_at) < before]
    last = {d.rule: d.sequence for d in sorted(old, key=lambda d: d.sequence)}
    return [d for d in old if d.state != "pending" and d.sequence != last[d.rule]]
