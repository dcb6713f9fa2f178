"""DynamoStatisticsStore: statistics tuples in one table, made visible by one switch per day.

The table has the keys `partition` (S) and `key` (S). What lies in it:

    partition                          key                       attributes
    rows#SERVICE#VERSION#DATE#RUN      FEATURE HASH#STAT. HASH   feature, statistic, value, n,
                                                                 environment
    days#SERVICE                       VERSION#DATE              run (the one shown), published_at
    runs                               RUN#SERVICE#VERSION#DATE  none: what a run wrote, for purge

Versions and runs have nine digits, so that they sort. A hash stands for a name because names may
be longer than a key. A value is text, since DynamoDB's numbers reach less far than floats.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import chain, product
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from scienceops.adapters.aws.batches import Item, delete_items, get_items, put_items
from scienceops.adapters.aws.clients import error_code
from scienceops.core.names import Partition, model_id
from scienceops.ports.statistics_store import PublishedDay, StatisticRow

PARTITION_KEY = "partition"
SORT_KEY = "key"

_RUNS = "runs"
_THREADS = 8
#: Rows of a day that are asked for one by one; for more the day is read whole.
_FEW = 50
_FEW_FEATURES = 8
#: Times that a read begins again because a day was switched to another run under it.
_READS = 4

T = TypeVar("T")
S = TypeVar("S")


class DynamoStatisticsStore:
    """StatisticsStore in one DynamoDB table.

    `read` of named features and statistics asks for these rows alone, over any range of days; of
    named features, for theirs; else it reads the days that are shown whole.
    """

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def write(self, run_number: int, partition: Partition, rows: Iterable[StatisticRow]) -> int:
        """Replace what the run wrote of the partition; the run is noted first, rows come after."""
        place = _rows_place(run_number, partition)
        items = {_row_key(row.feature_name, row.statistic): row for row in rows}
        note = _key(_RUNS, f"{run_number:09d}#{_day(partition)}")
        self._dynamodb.put_item(TableName=self._table, Item=note)
        earlier = {found[SORT_KEY]["S"] for found in self._query(place, only_keys=True)}
        put_items(
            self._dynamodb,
            self._table,
            [{**_key(place, key), **_to_attributes(row)} for key, row in items.items()],
        )
        left = [_key(place, key) for key in earlier - set(items)]
        delete_items(self._dynamodb, self._table, left)
        return len(items)

    def publish(self, run_number: int, partition: Partition) -> bool:
        """Point the partition at the run, if that is forward."""
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=_key(_days_place(partition.service), _version_and_date(partition)),
                UpdateExpression="SET #run = :run, published_at = :at",
                ConditionExpression="attribute_not_exists(#run) OR #run <= :run",
                ExpressionAttributeNames={"#run": "run"},
                ExpressionAttributeValues={
                    ":run": {"N": str(run_number)},
                    ":at": {"S": datetime.now(UTC).isoformat()},
                },
            )
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def read(
        self,
        service: str,
        *,
        versions: Sequence[int] | None = None,
        features: Sequence[str] | None = None,
        statistics: Sequence[str] | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> list[StatisticRow]:
        """Visible rows; each day's are those of one run, whole."""

        def is_wanted(day: PublishedDay) -> bool:
            at = day.partition
            return (
                (versions is None or at.version in versions)
                and (since is None or at.date >= since)
                and (until is None or at.date <= until)
            )

        found: list[StatisticRow] = []
        for _ in range(_READS):
            days = [day for day in self.days(service) if is_wanted(day)]
            found = list(self._read_days(days, features, statistics))
            # Rows of a run that is shown no more may be purged at any moment.
            if days == [day for day in self.days(service) if is_wanted(day)]:
                break
        wanted = (
            row
            for row in found
            if (features is None or row.feature_name in features)
            and (statistics is None or row.statistic in statistics)
        )
        return sorted(wanted, key=_order)

    def days(self, service: str) -> list[PublishedDay]:
        """What each partition shows."""
        return [_to_day(service, found) for found in self._query(_days_place(service))]

    def purge(self, *, before_run: int) -> int:
        """Delete what no partition shows, the note of a run after its rows."""
        deleted = 0
        shown: dict[str, dict[Partition, int]] = {}
        for note in list(self._query(_RUNS, before=f"{before_run:09d}", only_keys=True)):
            run, partition = _parse_note(note[SORT_KEY]["S"])
            if partition.service not in shown:
                days = self.days(partition.service)
                shown[partition.service] = {day.partition: day.run_number for day in days}
            if shown[partition.service].get(partition) == run:
                continue
            rows = list(self._query(_rows_place(run, partition), only_keys=True))
            delete_items(self._dynamodb, self._table, rows)
            delete_items(self._dynamodb, self._table, [note])
            deleted += len(rows)
        return deleted

    def _read_days(
        self,
        days: Sequence[PublishedDay],
        features: Sequence[str] | None,
        statistics: Sequence[str] | None,
    ) -> Iterator[StatisticRow]:
        places = {_rows_place(day.run_number, day.partition): day.partition for day in days}
        names = {_row_key(*pair) for pair in product(features or (), statistics or ())}
        if None not in (features, statistics) and len(names) <= _FEW:
            keys = [_key(*pair) for pair in product(places, names)]
            exact = get_items(self._dynamodb, self._table, keys)
            return (_to_row(places[item[PARTITION_KEY]["S"]], item) for item in exact)
        prefixes = [""]
        if features is not None and len(features) <= _FEW_FEATURES:
            prefixes = [f"{_hash(feature)}#" for feature in set(features)]
        queries = list(product(places, prefixes))
        pages = _side_by_side(lambda query: list(self._query(query[0], query[1])), queries)
        return (
            _to_row(places[item[PARTITION_KEY]["S"]], item) for item in chain.from_iterable(pages)
        )

    def _query(
        self, partition: str, prefix: str = "", *, before: str = "", only_keys: bool = False
    ) -> Iterator[Item]:
        condition, values = "#partition = :partition", {":partition": {"S": partition}}
        names = {"#partition": PARTITION_KEY}
        if prefix or before:
            names["#key"] = SORT_KEY
            values[":key"] = {"S": prefix or before}
            condition += " AND " + ("begins_with(#key, :key)" if prefix else "#key < :key")
        more: dict[str, Any] = {}
        if only_keys:
            names["#key"] = SORT_KEY
            more["ProjectionExpression"] = "#partition, #key"
        for page in self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ConsistentRead=True,
            **more,
        ):
            yield from page["Items"]


def _side_by_side(work: Callable[[S], T], items: Sequence[S]) -> list[T]:
    if len(items) < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(min(_THREADS, len(items))) as pool:
        return list(pool.map(work, items))


def _key(partition: str, key: str) -> Item:
    return {PARTITION_KEY: {"S": partition}, SORT_KEY: {"S": key}}


def _hash(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:32]


def _row_key(feature: str, statistic: str) -> str:
    return f"{_hash(feature)}#{_hash(statistic)}"


def _version_and_date(partition: Partition) -> str:
    return f"{partition.version:09d}#{partition.date.isoformat()}"


def _day(partition: Partition) -> str:
    return f"{partition.service}#{_version_and_date(partition)}"


def _rows_place(run: int, partition: Partition) -> str:
    return f"rows#{_day(partition)}#{run:09d}"


def _days_place(service: str) -> str:
    return f"days#{service}"


def _parse_note(key: str) -> tuple[int, Partition]:
    run, service, version, day = key.split("#")
    return int(run), Partition(service, int(version), date.fromisoformat(day))


def _to_day(service: str, found: Item) -> PublishedDay:
    version, day = found[SORT_KEY]["S"].split("#")
    return PublishedDay(
        Partition(service, int(version), date.fromisoformat(day)),
        int(found["run"]["N"]),
        datetime.fromisoformat(found["published_at"]["S"]),
    )


def _to_attributes(row: StatisticRow) -> Item:
    attributes = {
        "environment": {"S": row.environment},
        "feature": {"S": row.feature_name},
        "statistic": {"S": row.statistic},
        "n": {"N": str(row.n)},
    }
    # As in SQL, no number is no value.
    if row.value is not None and not math.isnan(row.value):
        attributes["value"] = {"S": repr(float(row.value))}
    return attributes


def _to_row(partition: Partition, found: Item) -> StatisticRow:
    return StatisticRow(
        found["environment"]["S"],
        partition.service,
        model_id(partition.service, partition.version),
        partition.date,
        found["feature"]["S"],
        found["statistic"]["S"],
        float(found["value"]["S"]) if "value" in found else None,
        int(found["n"]["N"]),
    )


def _order(row: StatisticRow) -> tuple[int, date, str, str]:
    version = int(row.model_id.rpartition(":")[2])
    return version, row.prediction_date, row.feature_name, row.statistic
