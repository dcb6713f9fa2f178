"""SqliteModelRegistry: records and their ledger in one file, changed in one transaction."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scienceops.adapters.local.sqlite import Database
from scienceops.errors import RevisionConflict
from scienceops.ports.model_registry import LedgerEntry, Record

_TABLES = """
CREATE TABLE IF NOT EXISTS records (
  partition TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (partition, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger (
  partition TEXT NOT NULL, sequence INTEGER NOT NULL, at TEXT NOT NULL, actor TEXT NOT NULL,
  action TEXT NOT NULL, why TEXT NOT NULL, details TEXT NOT NULL,
  PRIMARY KEY (partition, sequence)) WITHOUT ROWID
"""


class SqliteModelRegistry:
    """ModelRegistry in one SQLite file."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, _TABLES)

    def get(self, partition: str, key: str) -> Record | None:
        """The record, or None."""
        row = (
            self._database.read()
            .execute(
                "SELECT revision, body FROM records WHERE partition = ? AND key = ?",
                (partition, key),
            )
            .fetchone()
        )
        return None if row is None else Record(partition, key, row[0], json.loads(row[1]))

    def put(self, record: Record, entry: LedgerEntry | None = None) -> Record:
        """Store the body and its ledger entry if the revision is the one that was read."""
        partition, key, body = record.partition, record.key, dict(record.body)
        with self._database.write() as connection:
            row = connection.execute(
                "SELECT revision FROM records WHERE partition = ? AND key = ?", (partition, key)
            ).fetchone()
            found = row[0] if row else 0
            if found != record.revision:
                raise RevisionConflict(partition, key, record.revision, found)
            connection.execute(
                "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?)",
                (partition, key, found + 1, _text(body)),
            )
            if entry is not None:
                connection.execute(
                    "INSERT INTO ledger SELECT ?, coalesce(max(sequence), 0) + 1, ?, ?, ?, ?, ? "
                    "FROM ledger WHERE partition = ?",
                    (
                        partition,
                        _sortable(entry.at),
                        entry.actor,
                        entry.action,
                        entry.why,
                        "null" if entry.details is None else _text(entry.details),
                        partition,
                    ),
                )
        return Record(partition, key, found + 1, body)

    def delete(self, record: Record) -> None:
        """Remove the record if the revision is the one that was read."""
        partition, key = record.partition, record.key
        with self._database.write() as connection:
            row = connection.execute(
                "SELECT revision FROM records WHERE partition = ? AND key = ?", (partition, key)
            ).fetchone()
            if row is not None and row[0] != record.revision:
                raise RevisionConflict(partition, key, record.revision, row[0])
            connection.execute(
                "DELETE FROM records WHERE partition = ? AND key = ?", (partition, key)
            )

    def scan(self, partition: str, prefix: str = "", *, since: str = "") -> list[Record]:
        """Records by key."""
        rows = self._database.read().execute(
            "SELECT key, revision, body FROM records "
            "WHERE partition = ? AND key >= ? AND substr(key, 1, ?) = ? ORDER BY key",
            (partition, max(prefix, since), len(prefix), prefix),
        )
        return [Record(partition, key, revision, json.loads(body)) for key, revision, body in rows]

    def partitions(self) -> list[str]:
        """Every partition with a record."""
        rows = self._database.read().execute(
            "SELECT DISTINCT partition FROM records ORDER BY partition"
        )
        return [name for (name,) in rows]

    def ledger(
        self,
        partition: str,
        *,
        until: datetime | None = None,
        action: str = "",
        most: int = 1000,
    ) -> list[LedgerEntry]:
        """The newest entries, oldest first."""
        rows = self._database.read().execute(
            "SELECT sequence, at, actor, action, why, details FROM ledger "
            "WHERE partition = ? AND at <= ? AND ? IN ('', action) ORDER BY sequence DESC LIMIT ?",
            (partition, _sortable(until) if until else "9999", action, most),
        )
        return [
            LedgerEntry(partition, datetime.fromisoformat(at), actor, action, why, json.loads(d), n)
            for n, at, actor, action, why, d in reversed(rows.fetchall())
        ]


def _text(body: Mapping[str, Any]) -> str:
    return json.dumps(dict(body), allow_nan=False)


def _sortable(at: datetime) -> str:
    """The time as text that sorts as times do; one without a zone is taken as this machine's."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
