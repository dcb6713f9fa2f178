"""Schema step: tables, indexes and views, made where they are missing."""

import time

import sqlalchemy as sa

from scienceops.adapters.sql.tables import METADATA
from scienceops.adapters.sql.views import VIEWS, View

#: Where a database makes one thing after the other, another process is met in the middle of it.
MEETINGS = 20
PAUSE_SECONDS = 0.1


def prepare(engine: sa.Engine) -> None:
    """Make what is missing; who meets another process at it takes turns until all is there."""
    for meeting in range(MEETINGS):
        if is_prepared(engine):
            return
        try:
            _make(engine)
        except sa.exc.DBAPIError:
            if meeting == MEETINGS - 1:
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return


def _make(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        METADATA.create_all(connection)
        there = set(sa.inspect(connection).get_view_names())
        for view in VIEWS:
            if view.name not in there:
                connection.exec_driver_sql(create_view(view, engine.dialect))


def is_prepared(engine: sa.Engine) -> bool:
    """Whether every table and view is there."""
    with engine.connect() as connection:
        found = sa.inspect(connection)
        there = {*found.get_table_names(), *found.get_view_names()}
    return there.issuperset([*METADATA.tables, *(view.name for view in VIEWS)])


def create_view(view: View, dialect: sa.Dialect) -> str:
    """The statement that makes the view."""
    query = view.query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    return f"CREATE VIEW {view.name} AS\n{query}"
