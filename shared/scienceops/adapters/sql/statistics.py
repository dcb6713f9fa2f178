"""SqlStatisticsStore: statistics tuples in two tables, the rows and what is shown of them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

import sqlalchemy as sa

from scienceops.core.names import Partition, model_id
from scienceops.ports.statistics_store import PublishedDay, StatisticRow

_METADATA = sa.MetaData()

#: The tuples. `run` and the partition's columns say whether they are shown.
ROWS = sa.Table(
    "statistics_rows",
    _METADATA,
    sa.Column("run", sa.Integer, primary_key=True),
    sa.Column("web_service_name", sa.String(32), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("prediction_date", sa.Date, primary_key=True),
    sa.Column("feature_name", sa.String(256), primary_key=True),
    sa.Column("statistic", sa.String(256), primary_key=True),
    sa.Column("environment", sa.String(64), nullable=False),
    sa.Column("model_id", sa.String(64), nullable=False),
    sa.Column("value", sa.Float(53)),
    sa.Column("n", sa.BigInteger, nullable=False),
)

#: Which run each partition shows.
DAYS = sa.Table(
    "statistics_days",
    _METADATA,
    sa.Column("web_service_name", sa.String(32), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("prediction_date", sa.Date, primary_key=True),
    sa.Column("run", sa.Integer, nullable=False),
    sa.Column("published_at", sa.DateTime, nullable=False),
)

_PLACE = ("web_service_name", "version", "prediction_date")


class SqlStatisticsStore:
    """StatisticsStore on any SQL database that SQLAlchemy speaks to."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        _METADATA.create_all(engine)

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
        with self._engine.begin() as connection:
            connection.execute(
                sa.delete(ROWS).where(ROWS.c.run == run_number, *_at(ROWS, partition))
            )
            if values:
                connection.execute(sa.insert(ROWS), values)
        return len(values)

    def publish(self, run_number: int, partition: Partition) -> bool:
        """Point the partition at the run, if that is forward."""
        shown = {"run": run_number, "published_at": datetime.now(UTC).replace(tzinfo=None)}
        forward = (
            sa.update(DAYS).where(*_at(DAYS, partition), DAYS.c.run <= run_number).values(**shown)
        )
        place = dict(
            zip(_PLACE, (partition.service, partition.version, partition.date), strict=True)
        )
        with self._engine.begin() as connection:
            if connection.execute(forward).rowcount:
                return True
        try:
            with self._engine.begin() as connection:
                connection.execute(sa.insert(DAYS).values(**place, **shown))
        except sa.exc.IntegrityError:
            # It points to a later run, or another run pointed it somewhere just now.
            with self._engine.begin() as connection:
                return bool(connection.execute(forward).rowcount)
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
            sa.select(ROWS)
            .join(DAYS, sa.and_(DAYS.c.run == ROWS.c.run, *_same_place()))
            .where(ROWS.c.web_service_name == service)
            .order_by(ROWS.c.version, ROWS.c.prediction_date, ROWS.c.feature_name, ROWS.c.statistic)
        )
        for column, wanted in (
            (ROWS.c.version, versions),
            (ROWS.c.feature_name, features),
            (ROWS.c.statistic, statistics),
        ):
            if wanted is not None:
                query = query.where(column.in_(list(wanted)))
        if since is not None:
            query = query.where(ROWS.c.prediction_date >= since)
        if until is not None:
            query = query.where(ROWS.c.prediction_date <= until)
        with self._engine.connect() as connection:
            return [
                StatisticRow(
                    r.environment,
                    r.web_service_name,
                    model_id(r.web_service_name, r.version),
                    r.prediction_date,
                    r.feature_name,
                    r.statistic,
                    r.value,
                    r.n,
                )
                for r in connection.execute(query)
            ]

    def days(self, service: str) -> list[PublishedDay]:
        """What each partition shows."""
        query = (
            sa.select(DAYS)
            .where(DAYS.c.web_service_name == service)
            .order_by(DAYS.c.version, DAYS.c.prediction_date)
        )
        with self._engine.connect() as connection:
            return [
                PublishedDay(
                    Partition(r.web_service_name, r.version, r.prediction_date),
                    r.run,
                    r.published_at.replace(tzinfo=UTC),
                )
                for r in connection.execute(query)
            ]

    def purge(self, *, before_run: int) -> int:
        """Delete what no partition shows."""
        shown = sa.select(DAYS.c.run).where(DAYS.c.run == ROWS.c.run, *_same_place())
        unseen = sa.delete(ROWS).where(ROWS.c.run < before_run, ~sa.exists(shown))
        with self._engine.begin() as connection:
            return int(connection.execute(unseen).rowcount)


def _at(table: sa.Table, partition: Partition) -> list[sa.ColumnElement[bool]]:
    return [
        table.c.web_service_name == partition.service,
        table.c.version == partition.version,
        table.c.prediction_date == partition.date,
    ]


def _same_place() -> list[sa.ColumnElement[bool]]:
    return [DAYS.c[name] == ROWS.c[name] for name in _PLACE]
