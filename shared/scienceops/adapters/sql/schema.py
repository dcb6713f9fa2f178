"""Schema step: tables, indexes and views, made where they are missing, views of today's text."""

import hashlib
import logging
import time

import sqlalchemy as sa

from scienceops.adapters.sql.tables import METADATA, VIEW_TEXTS
from scienceops.adapters.sql.views import VIEWS, View

log = logging.getLogger(__name__)

#: Where a database makes one thing after the other, another process is met in the middle of it.
MEETINGS = 20
PAUSE_SECONDS = 0.1


def prepare(engine: sa.Engine) -> None:
    """Make what is missing, and replace views whose text is another one now.

    Who meets another process at it takes turns until all is there. Views of another release that
    cannot be replaced, for want of the right to, are told of: rows are kept without them.
    """
    for meeting in range(MEETINGS):
        if is_prepared(engine):
            return
        try:
            _make(engine)
        except sa.exc.DBAPIError as error:
            if meeting < MEETINGS - 1:
                time.sleep(PAUSE_SECONDS)
            elif _is_missing_something(engine):
                raise
            else:
                log.warning("views of another release stay", extra={"reason": str(error.orig)})
        else:
            return


def is_prepared(engine: sa.Engine) -> bool:
    """Whether every table and view is there, each view with the text that it has now."""
    if _is_missing_something(engine):
        return False
    with engine.connect() as connection:
        return _kept_texts(connection) == {v.name: text_of(v, engine.dialect) for v in VIEWS}


def create_view(view: View, dialect: sa.Dialect) -> str:
    """The statement that makes the view; T-SQL's replaces one that is there, and keeps who may
    read it."""
    query = view.query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    replace = " OR ALTER" if dialect.name == "mssql" else ""
    return f"CREATE{replace} VIEW {view.name} AS\n{query}"


def text_of(view: View, dialect: sa.Dialect) -> str:
    """What the text of a view is known by, for databases give back a text of their own."""
    return hashlib.sha256(create_view(view, dialect).encode()).hexdigest()


def _make(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        METADATA.create_all(connection)
        there = set(sa.inspect(connection).get_view_names())
        kept = _kept_texts(connection)
        for view in VIEWS:
            text = text_of(view, engine.dialect)
            if view.name in there and kept.get(view.name) == text:
                continue
            if view.name in there and engine.dialect.name != "mssql":
                # Not OR REPLACE, which PostgreSQL has for columns that stay as they are.
                connection.exec_driver_sql(f"DROP VIEW {view.name}")
            connection.exec_driver_sql(create_view(view, engine.dialect))
            connection.execute(sa.delete(VIEW_TEXTS).where(VIEW_TEXTS.c.view_name == view.name))
            connection.execute(sa.insert(VIEW_TEXTS).values(view_name=view.name, text_sha256=text))


def _is_missing_something(engine: sa.Engine) -> bool:
    with engine.connect() as connection:
        found = sa.inspect(connection)
        there = {*found.get_table_names(), *found.get_view_names()}
    return not there.issuperset([*METADATA.tables, *(view.name for view in VIEWS)])


def _kept_texts(connection: sa.Connection) -> dict[str, str]:
    return {row.view_name: row.text_sha256 for row in connection.execute(sa.select(VIEW_TEXTS))}
