"""SqlStatisticsStore: statistics tuples in any SQL database that SQLAlchemy speaks to."""

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from scienceops.adapters.sql.schema import prepare
from scienceops.adapters.sql.tables import DAYS, PLACE, ROWS, is_shown
from scienceops.core.names import Partition, model_id
from scienceops.ports.statistics_store import PublishedDay, StatisticRow

T = TypeVar("T")
Retry = Callable[[Callable[[], T]], T]

#: SQL Server takes 2,100 values a statement; a longer list is left to us to look through.
MOST_LISTED = 1000
#: What is read of a row, in the order in which it is unpacked.
READ = (
    ROWS.c.environment,
    ROWS.c.version,
    ROWS.c.prediction_date,
    ROWS.c.feature_name,
    ROWS.c.statistic,
    ROWS.c.value,
    ROWS.c.n,
)


def _once(step: Callable[[], T]) -> T:
    return step()


class SqlStatisticsStore:
    """StatisticsStore in two tables: the rows, and what is shown of them."""

    def __init__(self, engine: sa.Engine, retry: Retry[Any] = _once) -> None:
        """Connects on first use. retry: carries out a transaction, again if it is worth it."""
        self._engine = engine
        self._retry = retry
        self._lock = threading.Lock()
        self._prepared = False

    def write(self, run_number: int, partition: Partition, rows: Iterable[StatisticRow]) -> int:
        """Replace what the run wrote of the partition."""
        values = [
            {
                "run": run_number,
                "web_service_name": partition.service,
                "version": partition.version,
                "prediction_date": partition.date,
                "feature_name": row.feature_name,
                "statistic": row.statistic,
                "environment": row.environment,
                "model_id": row.model_id,
                "value": row.value,
                "n": row.n,
            }
            for row in rows
        ]

        def replace(connection: sa.Connection) -> int:
            connection.execute(
                sa.delete(ROWS).where(ROWS.c.run == run_number, *_at(ROWS, partition))
            )
            if values:
                connection.execute(sa.insert(ROWS), values)
            return len(values)

        return self._do(replace)

    def publish(self, run_number: int, partition: Partition) -> bool:
        """Point the partition at the run, if that is forward."""
        shown = {"run": run_number, "published_at": datetime.now(UTC).replace(tzinfo=None)}
        forward = (
            sa.update(DAYS).where(*_at(DAYS, partition), DAYS.c.run <= run_number).values(**shown)
        )
        place = dict(
            zip(PLACE, (partition.service, partition.version, partition.date), strict=True)
        )

        def point(connection: sa.Connection) -> bool:
            return bool(connection.execute(forward).rowcount)

        if self._do(point):
            return True
        try:
            self._do(lambda c: c.execute(sa.insert(DAYS).values(**place, **shown)))
        except sa.exc.IntegrityError:
            # It points to a later run, or another run pointed it somewhere just now.
            return self._do(point)
        return True

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
        query = (
            sa.select(*READ)
            .join(DAYS, is_shown())
            .where(ROWS.c.web_service_name == service)
            .order_by(ROWS.c.version, ROWS.c.prediction_date, ROWS.c.feature_name, ROWS.c.statistic)
        )
        looked_through = []
        for column, wanted in (
            (ROWS.c.version, versions),
            (ROWS.c.feature_name, features),
            (ROWS.c.statistic, statistics),
        ):
            if wanted is None:
                continue
            if len(wanted) <= MOST_LISTED:
                query = query.where(column.in_(list(wanted)))
            else:
                looked_through.append((column.name, set(wanted)))
        if since is not None:
            query = query.where(ROWS.c.prediction_date >= since)
        if until is not None:
            query = query.where(ROWS.c.prediction_date <= until)
        found = self._do(lambda connection: connection.execute(query).all())
        for name, among in looked_through:
            found = [row for row in found if getattr(row, name) in among]
        # A page of a year reads a hundred thousand rows, so what is alike is made once.
        models = {number: model_id(service, number) for number in {row.version for row in found}}
        return [
            StatisticRow(environment, service, models[number], day, feature, statistic, value, n)
            for environment, number, day, feature, statistic, value, n in found
        ]

    def days(self, service: str) -> list[PublishedDay]:
        """What each partition shows."""
        query = (
            sa.select(DAYS)
            .where(DAYS.c.web_service_name == service)
            .order_by(DAYS.c.version, DAYS.c.prediction_date)
        )
        return [
            PublishedDay(
                Partition(r.web_service_name, r.version, r.prediction_date),
                r.run,
                r.published_at.replace(tzinfo=UTC),
            )
            for r in self._do(lambda connection: connection.execute(query).all())
        ]

    def purge(self, *, before_run: int) -> int:
        """Delete what no partition shows."""
        shown = sa.select(DAYS.c.run).where(is_shown())
        unseen = sa.delete(ROWS).where(ROWS.c.run < before_run, ~sa.exists(shown))
        return self._do(lambda connection: int(connection.execute(unseen).rowcount))

    def close(self) -> None:
        """End its idle connections; it opens others when it is used again."""
        self._engine.dispose()

    def _do(self, step: Callable[[sa.Connection], T]) -> T:
        """Take the step in a transaction of its own."""

        def once() -> T:
            self._prepare()
            with self._engine.begin() as connection:
                return step(connection)

        done: T = self._retry(once)
        return done

    def _prepare(self) -> None:
        with self._lock:
            if not self._prepared:
                prepare(self._engine)
                self._prepared = True


def _at(table: sa.Table, partition: Partition) -> list[sa.ColumnElement[bool]]:
    return [
        table.c.web_service_name == partition.service,
        table.c.version == partition.version,
        table.c.prediction_date == partition.date,
    ]
