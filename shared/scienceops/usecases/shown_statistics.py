"""Shown statistics: the versions and days that there are to show, and their values in order."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from scienceops.ports import Ports
from scienceops.ports.statistics_store import StatisticRow

#: Days of a version that a page shows unless others are asked for.
MOST_DAYS = 30

Series = dict[str, dict[str, float]]


def published_days(name: str, ports: Ports, until: date | None) -> dict[int, list[date]]:
    """version -> its days with statistics up to one."""
    days: dict[int, list[date]] = defaultdict(list)
    for published in ports.statistics.days(name):
        if until is None or published.partition.date <= until:
            days[published.partition.version].append(published.partition.date)
    return days


def first_day(days: Sequence[date], since: date | None) -> tuple[date | None, int]:
    """The first day to show of these, the newest MOST_DAYS unless asked; how many are before it.

    >>> first_day([date(2026, 11, 1), date(2026, 11, 2)], date(2026, 11, 2))
    (datetime.date(2026, 11, 2), 1)
    """
    begins = since or min(sorted(days)[-MOST_DAYS:], default=None)
    return begins, sum(begins is not None and day < begins for day in days)


def versions_with_statistics(name: str, ports: Ports) -> list[int]:
    """The versions that have any, newest first."""
    return sorted({day.partition.version for day in ports.statistics.days(name)}, reverse=True)


def by_feature(rows: list[StatisticRow]) -> dict[str, Series]:
    """feature -> statistic -> day -> value; one without a value is left out."""
    table: dict[str, Series] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        if row.value is not None:
            day = row.prediction_date.isoformat()
            table[row.feature_name][row.statistic][day] = row.value
    return table
