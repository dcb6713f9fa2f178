"""LazyStatisticsStore: the store is made when it is first used."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import cached_property

from scienceops.core.names import Partition
from scienceops.ports.statistics_store import PublishedDay, StatisticRow, StatisticsStore


class LazyStatisticsStore:
    """A StatisticsStore that `make` makes at the first use.

    Loading what speaks SQL takes as long as all else that a command loads, and most commands and
    jobs ask for no statistics.
    """

    def __init__(self, make: Callable[[], StatisticsStore]) -> None:
        self._make = make

    @cached_property
    def _store(self) -> StatisticsStore:
        return self._make()

    def write(self, run_number: int, partition: Partition, rows: Iterable[StatisticRow]) -> int:
        """Store the partition's rows of this run."""
        return self._store.write(run_number, partition, rows)

    def publish(self, run_number: int, partition: Partition) -> bool:
        """Point the partition at this run."""
        return self._store.publish(run_number, partition)

    def read(
        self,
        service: str,
        *,
        versions: Sequence[int] | None = None,
        features: Sequence[str] | None = None,
        statistics: Sequence[str] | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> list[StatisticRow]:
        """Visible rows."""
        return self._store.read(
            service,
            versions=versions,
            features=features,
            statistics=statistics,
            since=since,
            until=until,
        )

    def days(self, service: str) -> list[PublishedDay]:
        """The partitions of a service that show something."""
        return self._store.days(service)

    def purge(self, *, before_run: int) -> int:
        """Delete rows that no partition shows."""
        return self._store.purge(before_run=before_run)
