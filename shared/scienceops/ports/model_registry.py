"""ModelRegistry: a document store whose every change is a compare-and-set with a ledger entry."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class Record:
    """One document. `revision` is 0 for one that was never stored, then 1, 2, 3."""

    partition: str
    key: str
    revision: int
    body: Mapping[str, Any]


#: More entries than a ledger ever has, to ask for all of an action.
EVERY = 2**31 - 1


@dataclass(frozen=True)
class LedgerEntry:
    """Who did what, when and why. The registry sets `sequence`: 1, 2, 3 within a partition."""

    partition: str
    at: datetime
    actor: str
    action: str
    why: str = ""
    details: Mapping[str, Any] | None = None
    sequence: int = 0


class ModelRegistry(Protocol):
    """Records live in partitions, one per service; the platform's own is `_platform`."""

    def get(self, partition: str, key: str) -> Record | None:
        """The record as last stored (strongly consistent), or None."""
        ...

    def put(self, record: Record, entry: LedgerEntry | None = None) -> Record:
        """Store the body and append the ledger entry, both or neither.

        `record.revision` is the revision that the writer read (0: must not exist yet). Returns
        the record at its new revision; raises RevisionConflict when it has moved on. An entry's
        partition is the record's. Changes that nobody would ask about later carry no entry.
        """
        ...

    def delete(self, record: Record) -> None:
        """Remove the record at the revision that was read; nothing happens when it is gone.

        Raises RevisionConflict when it has moved on. The ledger keeps its entries.
        """
        ...

    def scan(self, partition: str, prefix: str = "", *, since: str = "") -> list[Record]:
        """Records of a partition whose key starts with `prefix`, in key order.

        since: a key with that prefix; those before it are not read, so that the newest of many
        numbered records are found at once. What follows the prefix is ASCII letters and digits.
        """
        ...

    def partitions(self) -> list[str]:
        """Every partition that holds a record, sorted; one that held some may still be told."""
        ...

    def ledger(
        self,
        partition: str,
        *,
        until: datetime | None = None,
        action: str = "",
        most: int = 1000,
    ) -> list[LedgerEntry]:
        """The newest `most` entries at or before `until`, oldest first; of one action if named.

        The whole ledger may be read for the entries of an action, back from its end until there
        are enough.
        """
        ...
