"""SQLite files that threads and processes share: one connection per thread, short transactions."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUSY_SECONDS = 60


class Database:
    """One SQLite file in WAL mode. `write` takes the write lock first, so nothing is lost to it."""

    def __init__(self, path: Path, tables: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._local = threading.local()
        with self.write() as connection:
            for statement in tables.split(";"):
                connection.execute(statement)

    def read(self) -> sqlite3.Connection:
        """This thread's connection; each statement is its own transaction."""
        # A connection must not cross a fork, so it is kept together with the process it is for.
        if getattr(self._local, "pid", None) != os.getpid():
            connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
            connection.execute("PRAGMA journal_mode = WAL")
            # FULL: what was said to be stored survives the machine, not only the process.
            connection.execute("PRAGMA synchronous = FULL")
            self._local.connection = connection
            self._local.pid = os.getpid()
        found: sqlite3.Connection = self._local.connection
        return found

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the write lock; rolled back when the block raises."""
        connection = self.read()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
