"""Watch data: read the statistics that are visible, for pages and replies."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from scienceops.ports import Ports
from scienceops.usecases.records import read_service


def read_statistics(
    name: str,
    ports: Ports,
    *,
    versions: Sequence[int] | None = None,
    features: Sequence[str] | None = None,
    statistics: Sequence[str] | None = None,
    since: date | None = None,
    until: date | None = None,
) -> list[dict[str, Any]]:
    """Statistics tuples as dicts, days as ISO text; raises ServiceNotFound."""
    read_service(ports.registry, name)
    rows = ports.statistics.read(
        name,
        versions=versions,
        features=features,
        statistics=statistics,
        since=since,
        until=until,
    )
    return [{**asdict(row), "prediction_date": row.prediction_date.isoformat()} for row in rows]


def published_days(name: str, ports: Ports) -> list[dict[str, Any]]:
    """Which days show statistics, of which version, from which run."""
    read_service(ports.registry, name)
    return [
        {
            "version": day.partition.version,
            "date": day.partition.date.isoformat(),
            "run": day.run_number,
            "published_at": day.published_at.isoformat(),
        }
        for day in ports.statistics.days(name)
    ]
