"""StatisticsStore: statistics as tuples, made visible one partition at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from scienceops.core.names import Partition


@dataclass(frozen=True)
class StatisticRow:
    """One value of one statistic of one feature on one day. `n`: how many values it rests on."""

    environment: str
    web_service_name: str
    model_id: str
    prediction_date: date
    feature_name: str
    statistic: str
    value: float | None
    n: int


@dataclass(frozen=True)
class PublishedDay:
    """Which run a partition's visible rows come from."""

    partition: Partition
    run_number: int
    published_at: datetime


class StatisticsStore(Protocol):
    """Rows are written under a run's number and stay invisible until the partition points to it."""

    def write(self, run_number: int, partition: Partition, rows: Iterable[StatisticRow]) -> int:
        """Store the partition's rows of this run, replacing its earlier ones; how many."""
        ...

    def publish(self, run_number: int, partition: Partition) -> bool:
        """Point the partition at this run. False, and no change, when it points to a later run.

        Publishing the run that is already shown returns True.
        """
        ...

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
        """Visible rows, by model, day, feature and statistic; None means all, bounds inclusive."""
        ...

    def days(self, service: str) -> list[PublishedDay]:
        """The partitions of a service that show something, in order."""
        ...

    def purge(self, *, before_run: int) -> int:
        """Delete rows of runs numbered below `before_run` that no partition shows; how many."""
        ...
