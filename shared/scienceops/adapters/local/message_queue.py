"""SqliteMessageQueue: queues as rows; a claim is one UPDATE ... RETURNING."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scienceops.adapters.local.sqlite import Database
from scienceops.core.messages import encode_body
from scienceops.errors import BadInput
from scienceops.ports.message_queue import MAX_ATTEMPTS, Delivery, Then

LONGEST_DELAY_SECONDS = 900
#: Of a message that was received; no delay is longer either.
LONGEST_HIDDEN_SECONDS = 900

_TABLES = """
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, body TEXT NOT NULL,
  visible_at REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, receipt TEXT NOT NULL DEFAULT '',
  aside INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS messages_due ON messages (queue, aside, visible_at)
"""
# Of what was set aside so many at a time, as the others can show.
_ASIDE: Mapping[Then, str] = {
    "keep": "SELECT id, body FROM messages WHERE id IN "
    "(SELECT id FROM messages WHERE queue = ? AND aside = 1 ORDER BY id LIMIT 100)",
    "resend": "UPDATE messages SET aside = 0, attempts = 0, receipt = '' WHERE id IN "
    "(SELECT id FROM messages WHERE queue = ? AND aside = 1 ORDER BY id LIMIT 100) "
    "RETURNING id, body",
    "delete": "DELETE FROM messages WHERE id IN "
    "(SELECT id FROM messages WHERE queue = ? AND aside = 1 ORDER BY id LIMIT 100) "
    "RETURNING id, body",
}


class SqliteMessageQueue:
    """MessageQueue in one SQLite file."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._database = Database(path, _TABLES)
        self._clock = clock

    def send(self, queue: str, body: Mapping[str, Any], *, delay_seconds: float = 0) -> None:
        """Store the message."""
        row = (queue, encode_body(body), self._clock() + _check_delay(delay_seconds))
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO messages (queue, body, visible_at) VALUES (?, ?, ?)", row
            )

    def receive(
        self, queue: str, *, most: int = 10, visibility_seconds: float = 60
    ) -> list[Delivery]:
        """Claim what is due, oldest first; set aside what was tried too often."""
        if visibility_seconds > LONGEST_HIDDEN_SECONDS:
            told = f"hidden for {visibility_seconds} s: wanted {LONGEST_HIDDEN_SECONDS} at most"
            raise BadInput(told)
        now = self._clock()
        # None is hidden for longer than that, unless the clock was set back since: then it would
        # wait for as long as the clock was wrong.
        never = now + LONGEST_HIDDEN_SECONDS
        due = "queue = ? AND aside = 0 AND (visible_at <= ? OR visible_at > ?)"
        wanted = (queue, now, never)
        waiting = self._database.read().execute(
            f"SELECT 1 FROM messages WHERE {due} LIMIT 1",  # noqa: S608  # A constant of ours.
            wanted,
        )
        # An idle queue is polled often; it must not take the write lock each time.
        if waiting.fetchone() is None:
            return []
        receipt = uuid.uuid4().hex
        with self._database.write() as connection:
            connection.execute(
                f"UPDATE messages SET aside = 1 WHERE {due} AND attempts >= ?",  # noqa: S608  # As above.
                (*wanted, MAX_ATTEMPTS),
            )
            rows = connection.execute(
                "UPDATE messages SET attempts = attempts + 1, visible_at = ?, "  # noqa: S608  # As above.
                f"receipt = ? || '-' || id WHERE id IN (SELECT id FROM messages WHERE {due} "
                "ORDER BY visible_at, id LIMIT ?) RETURNING id, receipt, body, attempts",
                (now + visibility_seconds, receipt, *wanted, most),
            ).fetchall()
        return [Delivery(queue, r[1], json.loads(r[2]), r[3]) for r in sorted(rows)]

    def acknowledge(self, delivery: Delivery) -> None:
        """Delete the message if the receipt is still good."""
        with self._database.write() as connection:
            connection.execute(
                "DELETE FROM messages WHERE id = ? AND receipt = ?", _place(delivery)
            )

    def release(self, delivery: Delivery, *, delay_seconds: float = 0) -> None:
        """Make the message due again, if the receipt is still good."""
        due = self._clock() + _check_delay(delay_seconds)
        with self._database.write() as connection:
            connection.execute(
                "UPDATE messages SET visible_at = ?, receipt = '' WHERE id = ? AND receipt = ?",
                (due, *_place(delivery)),
            )

    def set_aside(self, queue: str, *, then: Then = "keep") -> list[Mapping[str, Any]]:
        """Bodies of what was set aside, made due again as new ones, or deleted."""
        if then == "keep":
            rows = self._database.read().execute(_ASIDE["keep"], (queue,)).fetchall()
        else:
            with self._database.write() as connection:
                rows = connection.execute(_ASIDE[then], (queue,)).fetchall()
        return [json.loads(body) for _, body in sorted(rows)]

    def depth(self, queue: str) -> int:
        """How many messages are not set aside."""
        row = self._database.read().execute(
            "SELECT count(*) FROM messages WHERE queue = ? AND aside = 0", (queue,)
        )
        return int(row.fetchone()[0])


def _check_delay(seconds: float) -> float:
    if not 0 <= seconds <= LONGEST_DELAY_SECONDS:
        raise BadInput(f"delay of {seconds} s: wanted 0 to {LONGEST_DELAY_SECONDS}")
    return seconds


def _place(delivery: Delivery) -> tuple[int, str]:
    return int(delivery.receipt.rpartition("-")[2]), delivery.receipt
