"""Stand-in for pyodbc and the server behind it: it takes statements down and executes none.

It answers what SQLAlchemy asks of a new connection, fails when it is told to, and gives no rows.
What SQL Server itself makes of a statement is not covered.
"""

import re
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy.dialects.mssql.pyodbc import MSDialect_pyodbc

from scienceops.adapters.sql.schema import text_of
from scienceops.adapters.sql.tables import METADATA
from scienceops.adapters.sql.views import VIEWS

_NAMES: list[tuple[Any, ...]] = [(name,) for name in (*METADATA.tables, *(v.name for v in VIEWS))]

#: What SQLAlchemy and the schema step ask of a database that is prepared, and what they are told.
ANSWERS: dict[str, list[tuple[Any, ...]]] = {
    "SERVERPROPERTY('ProductVersion')": [("16.0.1000",)],
    "schema_name()": [("dbo",)],
    "sys.system_views": [("dm_exec_sessions",)],
    "sys.dm_exec_sessions": [("READ COMMITTED",)],
    "test max support": [("test max support",)],
    "fn_listextendedproperty": [(1,)],
    "FROM statistics_views": [(view.name, text_of(view, MSDialect_pyodbc())) for view in VIEWS],
    "SELECT 1": [(1,)],
    "INFORMATION_SCHEMA": _NAMES,
    "sys.objects": _NAMES,
}


class Error(Exception):
    """Of this driver, as DB-API has it: arguments are the SQLSTATE and what the driver says."""


class OperationalError(Error):
    """The connection or the server."""


class ProgrammingError(Error):
    """The statement."""


class StandInDriver(SimpleNamespace):
    """Passed to create_engine as `module`; `statements` are those that were not SQLAlchemy's."""

    def __init__(self) -> None:
        super().__init__(
            paramstyle="qmark",
            version="5.0.0",
            Error=Error,
            DatabaseError=Error,
            OperationalError=OperationalError,
            ProgrammingError=ProgrammingError,
            **dict.fromkeys(
                ("InterfaceError", "DataError", "IntegrityError", "InternalError"), Error
            ),
            SQL_VARCHAR=12,
            SQL_WVARCHAR=-9,
            SQL_DECIMAL=3,
            SQL_TYPE_TIMESTAMP=93,
            SQL_SS_TIME2=-154,
            STRING=str,
            BINARY=bytes,
            NUMBER=float,
            DATETIME=datetime,
            Binary=bytes,
            Cursor=_Cursor,
        )
        self.statements: list[tuple[str, Any]] = []
        self.connected: list[tuple[str, dict[str, Any]]] = []
        #: Raised one after the other, by whatever connects or executes next; None lets it pass.
        self.failures: list[Error | None] = []
        self.commits = 0

    def connect(self, place: str, **options: Any) -> "_Connection":
        """A connection, unless a failure is due."""
        self.connected.append((place, options))
        self.fail_if_due()
        return _Connection(self)

    def fail_if_due(self) -> None:
        """Raise the next failure."""
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure


class _Connection:
    def __init__(self, driver: StandInDriver) -> None:
        self._driver = driver
        self.autocommit = False

    def cursor(self) -> "_Cursor":
        return _Cursor(self._driver)

    def commit(self) -> None:
        self._driver.commits += 1

    def rollback(self) -> None:
        """Nothing was executed."""

    def close(self) -> None:
        """Nothing is open."""

    def add_output_converter(self, *_: Any) -> None:
        """No rows come that it would be for."""


class _Cursor:
    description: list[tuple[Any, ...]] | None = None
    rowcount = 1
    fast_executemany = False

    def __init__(self, driver: StandInDriver) -> None:
        self._driver = driver
        self._rows: list[tuple[Any, ...]] = []

    def execute(self, statement: str, *given: Any) -> None:
        found = next((rows for asked, rows in ANSWERS.items() if asked in statement), None)
        if found is None:
            self._driver.fail_if_due()
            self._driver.statements.append((statement, given))
        self._rows = list(found or [])
        selects = statement.lstrip().upper().startswith("SELECT")
        width = len(found[0]) if found else len(re.findall(r" AS |, ", statement))
        self.description = [(f"c{n}", *[None] * 6) for n in range(width)] if selects else None

    def executemany(self, statement: str, given: Any) -> None:
        self.execute(statement, *given)

    def setinputsizes(self, sizes: Any) -> None:
        """Sizes say how values travel; none does."""

    def fetchall(self) -> list[tuple[Any, ...]]:
        rows, self._rows = self._rows, []
        return rows

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    def nextset(self) -> bool:
        return False

    def close(self) -> None:
        self._rows = []
