"""The tables of the statistics: rows, what is shown of them, and what views were made of.

On SQL Server, names that people choose are compared by code point and kept in Unicode, as SQLite
and PostgreSQL do; its default takes `Age` and `age` for one feature. It compares texts as if the
shorter one ended in blanks, whatever the collation, so that a last blank gets a mark after it. Its
clustered keys end at 900 bytes, so that rows lie by partition there, which is how they are written,
joined and deleted.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mssql

METADATA = sa.MetaData()

_COLLATION = "Latin1_General_100_BIN2"
#: Stands after a blank at the end of a text of SQL Server; a word joiner, which nothing shows.
MARK = "\u2060"


class TextByCodePoint(sa.types.TypeDecorator[str]):
    """Text of SQL Server that is another text when it has a blank more at its end.

    >>> kept = TextByCodePoint(20)
    >>> kept.process_bind_param("yes ", None) == "yes " + MARK
    True
    >>> kept.process_result_value("yes " + MARK, None)
    'yes '
    """

    impl = mssql.NVARCHAR
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length, collation=_COLLATION)

    def process_bind_param(self, value: str | None, _: Any) -> str | None:
        """As it is kept."""
        return value + MARK if value and value.endswith((" ", MARK)) else value

    def process_result_value(self, value: str | None, _: Any) -> str | None:
        """As it was given."""
        return value.removesuffix(MARK) if value else value


def _text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(TextByCodePoint(length), "mssql")


#: The tuples. `run` and the partition's columns say whether they are shown.
ROWS = sa.Table(
    "statistics_rows",
    METADATA,
    sa.Column("run", sa.Integer, nullable=False, autoincrement=False),
    sa.Column("web_service_name", sa.String(32), nullable=False),
    sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
    sa.Column("prediction_date", sa.Date, nullable=False),
    sa.Column("feature_name", _text(256), nullable=False),
    sa.Column("statistic", _text(256), nullable=False),
    sa.Column("environment", _text(64), nullable=False),
    sa.Column("model_id", sa.String(64), nullable=False),
    sa.Column("value", sa.Float(53)),
    sa.Column("n", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint(
        "run",
        "web_service_name",
        "version",
        "prediction_date",
        "feature_name",
        "statistic",
        name="statistics_rows_key",
        mssql_clustered=False,
    ),
)

#: Which run each partition shows.
DAYS = sa.Table(
    "statistics_days",
    METADATA,
    sa.Column("web_service_name", sa.String(32), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("prediction_date", sa.Date, primary_key=True),
    sa.Column("run", sa.Integer, nullable=False),
    sa.Column("published_at", sa.DateTime, nullable=False),
)

#: The text that each view was made of, by its hash; see schema.py.
VIEW_TEXTS = sa.Table(
    "statistics_views",
    METADATA,
    sa.Column("view_name", sa.String(64), primary_key=True),
    sa.Column("text_sha256", sa.String(64), nullable=False),
)

#: What names a partition in rows and days.
PLACE = ("web_service_name", "version", "prediction_date")


def _on_a_server(*_: Any, dialect: sa.Dialect, **__: Any) -> bool:
    # A file on one machine is small, and written more often than it is looked at.
    return dialect.name != "sqlite"


_REST = ["environment", "model_id", "value", "n"]

sa.Index(
    "statistics_rows_place",
    *(ROWS.c[name] for name in ("run", *PLACE)),
    mssql_clustered=True,
).ddl_if(dialect="mssql")
#: DataMonitor asks for some statistics of every feature.
sa.Index(
    "statistics_rows_by_statistic",
    *(ROWS.c[n] for n in ("web_service_name", "version", "statistic", "prediction_date", "run")),
    ROWS.c.feature_name,
    mssql_include=_REST,
).ddl_if(callable_=_on_a_server)
#: The page of a feature asks for every statistic of it.
sa.Index(
    "statistics_rows_by_feature",
    *(ROWS.c[n] for n in ("web_service_name", "version", "feature_name", "prediction_date", "run")),
    ROWS.c.statistic,
    mssql_include=_REST,
).ddl_if(callable_=_on_a_server)


def same_place() -> list[sa.ColumnElement[bool]]:
    """What joins a row to its partition's day."""
    return [DAYS.c[name] == ROWS.c[name] for name in PLACE]


def is_shown() -> sa.ColumnElement[bool]:
    """What joins a row to the day that shows it."""
    return sa.and_(DAYS.c.run == ROWS.c.run, *same_place())
