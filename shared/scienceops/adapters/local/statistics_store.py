"""SqlStatisticsStore on SQLite: one file, readers never wait for the writer."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from scienceops.adapters.sql.statistics import SqlStatisticsStore


def connect_statistics(path: Path) -> SqlStatisticsStore:
    """The store in the file at `path`, which is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 60})

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA journal_mode = WAL")

    return SqlStatisticsStore(engine)
