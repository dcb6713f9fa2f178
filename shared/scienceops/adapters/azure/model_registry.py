"""TableModelRegistry: one table; a record and its ledger entry are written in one transaction.

Transactions of table storage end at a partition, which is where those of the registry end, too:

    PartitionKey   RowKey              what it is
    SERVICE        record:KEY          a record: revision, body
    SERVICE        ledger:NUMBER       an entry; numbers run down, so the newest comes first
    SERVICE        head                how many entries there are
    !partitions    SERVICE             that the partition is there, so that nobody scans the table
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from scienceops.adapters.azure.table_entities import (
    HEAD,
    INDEX,
    LEDGER,
    RECORDS,
    after,
    decode_key,
    encode_key,
    from_pieces,
    ledger_key,
    to_pieces,
    to_text,
)
from scienceops.errors import RevisionConflict
from scienceops.ports.model_registry import LedgerEntry, Record

if TYPE_CHECKING:
    from azure.data.tables import TableClient, TableEntity

Operation = tuple[str, Mapping[str, Any]] | tuple[str, Mapping[str, Any], Mapping[str, Any]]

#: What the service answers when somebody else was there first.
_BEATEN = (409, 412)


class TableModelRegistry:
    """ModelRegistry in one table of a storage account."""

    def __init__(self, table: "TableClient") -> None:
        self._table = table
        self._known: set[str] = set()

    def get(self, partition: str, key: str) -> Record | None:
        """The record, or None."""
        found = self._find(partition, RECORDS + encode_key(key))
        return None if found is None else _record(partition, found)

    def put(self, record: Record, entry: LedgerEntry | None = None) -> Record:
        """Write record, entry and count by the etags that were read; again where only the count
        has moved on.
        """
        place = {"PartitionKey": encode_key(record.partition)}
        row: dict[str, Any] = {**place, "RowKey": RECORDS + encode_key(record.key)}
        name = f"record {record.partition}/{record.key}"
        # Whoever reads its own mark after a lost reply knows that the change was its own.
        mark = uuid4().hex
        body = to_text(dict(record.body))
        row |= {"revision": record.revision + 1, "mark": mark, **to_pieces(name, body)}
        told = None if entry is None else _entry_properties(entry)
        while True:
            stored = self._find(record.partition, row["RowKey"])
            if stored is not None and stored["mark"] == mark:
                break
            found = 0 if stored is None else int(stored["revision"])
            if found != record.revision:
                raise RevisionConflict(record.partition, record.key, record.revision, found)
            if stored is None:
                self._list_partition(record.partition)
            operations = [_write(row, stored)]
            if told is not None:
                operations += self._append(record.partition, {**place, **told})
            try:
                self._table.submit_transaction(operations)
            except HttpResponseError as error:
                # What was found may be deleted by now.
                gone = stored is not None and error.status_code == 404
                if not gone and error.status_code not in _BEATEN:
                    raise
            else:
                break
        if record.revision == 0:
            self._confirm_partition(record.partition)
        return Record(record.partition, record.key, record.revision + 1, dict(record.body))

    def delete(self, record: Record) -> None:
        """Remove the record by the etag that was read with its revision."""
        row_key = RECORDS + encode_key(record.key)
        while (stored := self._find(record.partition, row_key)) is not None:
            found = int(stored["revision"])
            if found != record.revision:
                raise RevisionConflict(record.partition, record.key, record.revision, found)
            try:
                self._table.delete_entity(
                    stored,
                    etag=stored.metadata["etag"],
                    match_condition=MatchConditions.IfNotModified,
                )
            except HttpResponseError as error:
                if error.status_code not in (*_BEATEN, 404):
                    raise

    def scan(self, partition: str, prefix: str = "", *, since: str = "") -> list[Record]:
        """Records by key."""
        found = self._query(
            "PartitionKey eq @partition and RowKey ge @start and RowKey lt @end",
            partition=encode_key(partition),
            start=RECORDS + encode_key(max(prefix, since)),
            end=after(RECORDS + encode_key(prefix)),
        )
        return sorted((_record(partition, entity) for entity in found), key=lambda r: r.key)

    def partitions(self) -> list[str]:
        """Every partition with a record."""
        names = []
        for entity in self._query("PartitionKey eq @index", index=INDEX):
            name = decode_key(entity["RowKey"])
            if entity["confirmed"] or self._holds_a_record(name):
                names.append(name)
        return sorted(names)

    def ledger(
        self,
        partition: str,
        *,
        until: datetime | None = None,
        action: str = "",
        most: int = 1000,
    ) -> list[LedgerEntry]:
        """The newest entries, oldest first."""
        of_action = " and action eq @action" if action else ""
        found = self._query(
            "PartitionKey eq @partition and RowKey ge @start and RowKey lt @end and at le @until"
            + of_action,
            partition=encode_key(partition),
            start=LEDGER,
            end=after(LEDGER),
            until=_sortable(until) if until else "9999",
            **({"action": action} if action else {}),
        )
        return [_entry(partition, entity) for entity in islice(found, most)][::-1]

    def _append(self, partition: str, told: Mapping[str, Any]) -> list[Operation]:
        head = self._find(partition, HEAD)
        sequence = 1 + (0 if head is None else int(head["entries"]))
        counted = {"PartitionKey": told["PartitionKey"], "RowKey": HEAD, "entries": sequence}
        row = {**told, "RowKey": ledger_key(sequence), "sequence": sequence}
        return [_write(counted, head), ("create", row)]

    def _list_partition(self, partition: str) -> None:
        # Before the record, so that none is ever missing; one that never got a record is found out
        # by looking, which ends once the row is confirmed.
        if partition in self._known:
            return
        row = {"PartitionKey": INDEX, "RowKey": encode_key(partition), "confirmed": False}
        try:
            self._table.create_entity(row)
        except HttpResponseError as error:
            if error.status_code not in _BEATEN:
                raise

    def _confirm_partition(self, partition: str) -> None:
        if partition not in self._known:
            row = {"PartitionKey": INDEX, "RowKey": encode_key(partition), "confirmed": True}
            self._table.upsert_entity(row)
            self._known.add(partition)

    def _holds_a_record(self, partition: str) -> bool:
        found = self._query(
            "PartitionKey eq @partition and RowKey ge @start and RowKey lt @end",
            partition=encode_key(partition),
            start=RECORDS,
            end=after(RECORDS),
        )
        holds = next(iter(found), None) is not None
        if holds:
            self._confirm_partition(partition)
        return holds

    def _find(self, partition: str, row_key: str) -> "TableEntity | None":
        try:
            return self._table.get_entity(encode_key(partition), row_key)
        except ResourceNotFoundError as error:
            # A table that is not there is no empty registry.
            if getattr(error, "error_code", "") == "TableNotFound":
                raise
            return None

    def _query(self, wanted: str, **values: str) -> "Iterable[TableEntity]":
        return self._table.query_entities(wanted, parameters=values)


def _write(row: Mapping[str, Any], stored: "TableEntity | None") -> Operation:
    if stored is None:
        return "create", row
    condition = {
        "mode": "replace",
        "etag": stored.metadata["etag"],
        "match_condition": MatchConditions.IfNotModified,
    }
    return "update", row, condition


def _record(partition: str, entity: "TableEntity") -> Record:
    key = decode_key(entity["RowKey"].removeprefix(RECORDS))
    return Record(partition, key, int(entity["revision"]), from_pieces(entity))


def _entry_properties(entry: LedgerEntry) -> dict[str, Any]:
    details = None if entry.details is None else dict(entry.details)
    text = to_text({"why": entry.why, "details": details})
    return {
        "at": _sortable(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        **to_pieces("a ledger entry", text),
    }


def _entry(partition: str, entity: "TableEntity") -> LedgerEntry:
    told = from_pieces(entity)
    at = datetime.fromisoformat(entity["at"])
    actor, action, sequence = entity["actor"], entity["action"], int(entity["sequence"])
    return LedgerEntry(partition, at, actor, action, told["why"], told["details"], sequence)


def _sortable(at: datetime) -> str:
    """The time as text that sorts as times do; one without a zone is taken as this machine's."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
