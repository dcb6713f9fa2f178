"""DynamoModelRegistry: records and their ledger in one table, changed in one transaction.

The table has the keys `partition` (S) and `key` (S). What lies in it:

    partition      key                    attributes
    SERVICE        record/KEY             revision, body (JSON), write (which put it was)
    SERVICE        ledger/000000000001    at (UTC), actor, action, why, details (JSON)
    #partitions    SERVICE                none: which partitions there are, without a scan
"""

import json
import random
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from scienceops.adapters.aws.clients import error_code
from scienceops.errors import BadInput, RevisionConflict, Unavailable
from scienceops.ports.model_registry import LedgerEntry, Record

PARTITION_KEY = "partition"
SORT_KEY = "key"

#: An item has at most 400 KB, of which this is left for a JSON text beside names and keys.
LARGEST_TEXT_BYTES = 390_000

_RECORD = "record/"
_LEDGER = "ledger/"
_PARTITIONS = "#partitions"
#: Times that a change is tried while others write to the same ledger, or the table is throttled.
_ATTEMPTS = 60
_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.5
_PASSING = (
    "ConditionalCheckFailed",
    "TransactionConflict",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
)
_REFUSED = ("TransactionCanceledException", "TransactionInProgressException")

Item = dict[str, dict[str, str]]


class DynamoModelRegistry:
    """ModelRegistry in one DynamoDB table.

    A change is one transaction: the record on condition of its revision, the ledger entry on
    condition that its number is free. So numbers have no gaps, and a put whose answer was lost is
    told from another writer's by the name that each put has.
    """

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table
        #: Partitions that are known to be listed; none is ever taken off the list.
        self._listed: set[str] = set()

    def get(self, partition: str, key: str) -> Record | None:
        """The record, or None."""
        found = self._dynamodb.get_item(
            TableName=self._table, Key=_place(partition, _RECORD + key), ConsistentRead=True
        ).get("Item")
        return None if found is None else _to_record(found)

    def put(self, record: Record, entry: LedgerEntry | None = None) -> Record:
        """Store the body and its ledger entry if the revision is the one that was read."""
        write = uuid.uuid4().hex
        text = _text(record.body, f"record {record.partition}/{record.key}")
        writes = [self._put_record(record, text, write)]
        if record.partition not in self._listed:
            writes.append(self._put_item(_place(_PARTITIONS, record.partition)))
        ledgered = None if entry is None else _ledger_attributes(record.partition, entry)
        for attempt in range(_ATTEMPTS):
            if attempt:
                pause = min(_PAUSE_SECONDS * 1.5**attempt, _LONGEST_PAUSE_SECONDS)
                time.sleep(pause * random.random())
            last = [] if ledgered is None else [self._put_entry(record.partition, ledgered)]
            try:
                self._dynamodb.transact_write_items(TransactItems=[*writes, *last])
            except ClientError as error:
                if not _may_pass(error, record, write):
                    raise
                if not _is_written(error, write):
                    continue
            self._listed.add(record.partition)
            return Record(record.partition, record.key, record.revision + 1, json.loads(text))
        raise Unavailable(
            f"too many write to partition {record.partition!r} of the registry at once: do it again"
        )

    def delete(self, record: Record) -> None:
        """Remove the record if the revision is the one that was read."""
        try:
            self._dynamodb.delete_item(
                TableName=self._table,
                Key=_place(record.partition, _RECORD + record.key),
                ConditionExpression="attribute_not_exists(revision) OR revision = :read",
                ExpressionAttributeValues={":read": {"N": str(record.revision)}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            found = int(error.response["Item"]["revision"]["N"])
            raise RevisionConflict(record.partition, record.key, record.revision, found) from None

    def scan(self, partition: str, prefix: str = "", *, since: str = "") -> list[Record]:
        """Records by key."""
        start = _RECORD + prefix
        found = self._query(partition, start, since=_RECORD + since if since else "")
        return [_to_record(item) for item in found if item[SORT_KEY]["S"].startswith(start)]

    def partitions(self) -> list[str]:
        """Every partition with a record."""
        return [found[SORT_KEY]["S"] for found in self._query(_PARTITIONS, "")]

    def ledger(
        self,
        partition: str,
        *,
        until: datetime | None = None,
        action: str = "",
        most: int = 1000,
    ) -> list[LedgerEntry]:
        """The newest entries, oldest first; read backwards until there are enough."""
        last = _sortable(until) if until else ""
        entries: list[LedgerEntry] = []
        for found in self._query(partition, _LEDGER, newest_first=True, action=action):
            if len(entries) == most:
                break
            if not last or found["at"]["S"] <= last:
                entries.append(_to_entry(found))
        return entries[::-1]

    def _put_record(self, record: Record, text: str, write: str) -> dict[str, Any]:
        item = {
            **_place(record.partition, _RECORD + record.key),
            "revision": {"N": str(record.revision + 1)},
            "body": {"S": text},
            "write": {"S": write},
        }
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(revision)"}
        if record.revision:
            condition = {
                "ConditionExpression": "revision = :read",
                "ExpressionAttributeValues": {":read": {"N": str(record.revision)}},
            }
        return self._put_item(item, ReturnValuesOnConditionCheckFailure="ALL_OLD", **condition)

    def _put_entry(self, partition: str, attributes: Item) -> dict[str, Any]:
        newest = next(self._query(partition, _LEDGER, newest_first=True, page=1), None)
        sequence = 1 if newest is None else _sequence(newest) + 1
        return self._put_item(
            {**_place(partition, f"{_LEDGER}{sequence:012d}"), **attributes},
            ConditionExpression="attribute_not_exists(actor)",
        )

    def _put_item(self, item: Item, **condition: Any) -> dict[str, Any]:
        return {"Put": {"TableName": self._table, "Item": item, **condition}}

    def _query(
        self,
        partition: str,
        prefix: str,
        *,
        newest_first: bool = False,
        page: int | None = None,
        action: str = "",
        since: str = "",
    ) -> Iterator[Item]:
        condition, values = "#partition = :partition", {":partition": {"S": partition}}
        names = {"#partition": PARTITION_KEY}
        wanted = {}
        if since:
            # A key has one condition alone. The end itself is no key of the prefix.
            condition += " AND #key BETWEEN :since AND :end"
            end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
            values |= {":since": {"S": since}, ":end": {"S": end}}
            names["#key"] = SORT_KEY
        elif prefix:
            condition += " AND begins_with(#key, :prefix)"
            values[":prefix"] = {"S": prefix}
            names["#key"] = SORT_KEY
        if action:
            wanted = {"FilterExpression": "#action = :action"}
            values[":action"] = {"S": action}
            names["#action"] = "action"
        for found in self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ConsistentRead=True,
            ScanIndexForward=not newest_first,
            **wanted,
            PaginationConfig={"PageSize": page},
        ):
            yield from found["Items"]


def _reasons(error: ClientError) -> list[dict[str, Any]]:
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])
    return reasons


def _may_pass(error: ClientError, record: Record, write: str) -> bool:
    """Whether the same change may go through later; raises RevisionConflict if it never will."""
    if error_code(error) not in _REFUSED:
        return False
    for reason in _reasons(error)[:1]:
        if reason["Code"] == "ConditionalCheckFailed" and not _is_written(error, write):
            found = int(reason["Item"]["revision"]["N"]) if reason.get("Item") else 0
            raise RevisionConflict(record.partition, record.key, record.revision, found) from None
    return all(reason["Code"] in ("None", *_PASSING) for reason in _reasons(error))


def _is_written(error: ClientError, write: str) -> bool:
    """Whether what stands in the way is this very put, whose answer was lost."""
    first = next(iter(_reasons(error)), {})
    return bool(first.get("Item", {}).get("write", {}).get("S") == write)


def _place(partition: str, key: str) -> Item:
    return {PARTITION_KEY: {"S": partition}, SORT_KEY: {"S": key}}


def _text(body: Mapping[str, Any], what: str) -> str:
    text = json.dumps(dict(body), allow_nan=False)
    if len(text) > LARGEST_TEXT_BYTES:
        raise BadInput(
            f"{what} of {len(text)} bytes: DynamoDB takes at most {LARGEST_TEXT_BYTES}; "
            "put the content in the bucket and its key in the record"
        )
    return text


def _ledger_attributes(partition: str, entry: LedgerEntry) -> Item:
    what = f"ledger entry {entry.action!r} of {partition}"
    details = "null" if entry.details is None else _text(entry.details, what)
    return {
        "at": {"S": _sortable(entry.at)},
        "actor": {"S": entry.actor},
        "action": {"S": entry.action},
        "why": {"S": entry.why},
        "details": {"S": details},
    }


def _to_record(found: Item) -> Record:
    return Record(
        found[PARTITION_KEY]["S"],
        found[SORT_KEY]["S"].removeprefix(_RECORD),
        int(found["revision"]["N"]),
        json.loads(found["body"]["S"]),
    )


def _to_entry(found: Item) -> LedgerEntry:
    return LedgerEntry(
        found[PARTITION_KEY]["S"],
        datetime.fromisoformat(found["at"]["S"]),
        found["actor"]["S"],
        found["action"]["S"],
        found["why"]["S"],
        json.loads(found["details"]["S"]),
        _sequence(found),
    )


def _sequence(found: Item) -> int:
    return int(found[SORT_KEY]["S"].removeprefix(_LEDGER))


def _sortable(at: datetime) -> str:
    """The time as text that sorts as times do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
