"""DynamoStatisticsStore keeps the promises of the statistics."""

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from contract.statistics_store import DAY, NEXT, StatisticsStoreContract, row
from emulators.account import Account

from scienceops.adapters.aws.clients import LazyClient
from scienceops.adapters.aws.statistics_store import DynamoStatisticsStore
from scienceops.core.names import Partition

VALUES = [0.1, -0.0, 5e-324, 1.7976931348623157e308, math.pi * 1e200, math.inf, None]


class LeavesHalfUndone:
    """A client of a throttled table: each batch is done by halves."""

    def __init__(self, dynamodb: LazyClient) -> None:
        self._dynamodb = dynamodb

    def batch_write_item(self, *, RequestItems: Any) -> Any:  # noqa: N803  # The SDK's name.
        [(table, requests)] = RequestItems.items()
        done = (len(requests) + 1) // 2
        self._dynamodb.batch_write_item(RequestItems={table: requests[:done]})
        left = requests[done:]
        return {"UnprocessedItems": {table: left} if left else {}}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dynamodb, name)


class SwitchesUnderneath:
    """A client under whose first query of rows the day goes to another run, and is purged."""

    def __init__(self, dynamodb: LazyClient, store: DynamoStatisticsStore) -> None:
        self._dynamodb = dynamodb
        self._store = store

    def get_paginator(self, name: str) -> Any:
        self._paginator = self._dynamodb.get_paginator(name)
        return self

    def paginate(self, **request: Any) -> Any:
        if request["ExpressionAttributeValues"][":partition"]["S"].startswith("rows#"):
            self._store.publish(2, DAY)
            self._store.purge(before_run=2)
        return self._paginator.paginate(**request)


class TestDynamoStatisticsStore(StatisticsStoreContract):
    @pytest.fixture
    def store(self, account: Account) -> DynamoStatisticsStore:
        account.make_tables()
        return DynamoStatisticsStore(LazyClient("dynamodb"), f"{account.prefix}statistics")

    def test_every_float_is_read_back_as_it_was(self, store: DynamoStatisticsStore) -> None:
        store.write(1, DAY, [row(DAY, f"s{n}", value) for n, value in enumerate(VALUES)])
        store.publish(1, DAY)
        read = [found.value for found in store.read("iris")]
        assert [repr(value) for value in read] == [repr(value) for value in VALUES]

    def test_what_is_no_number_is_no_value(self, store: DynamoStatisticsStore) -> None:
        store.write(1, DAY, [row(DAY, value=math.nan)])
        store.publish(1, DAY)
        assert [found.value for found in store.read("iris")] == [None]

    def test_names_may_be_long_and_hold_anything(self, store: DynamoStatisticsStore) -> None:
        rows = [
            row(DAY, statistic, feature=feature)
            for feature in ("a#b", "a", "é" * 2000)
            for statistic in ("c", "b#c", "count:" + "x" * 2000)
        ]
        store.write(1, DAY, rows)
        store.publish(1, DAY)
        assert len(store.read("iris")) == 9
        assert [r.statistic for r in store.read("iris", features=["a"])] == sorted(
            r.statistic for r in rows if r.feature_name == "a"
        )

    def test_days_with_more_rows_than_a_batch_are_told_in_order(
        self, store: DynamoStatisticsStore
    ) -> None:
        days = [Partition("iris", v, DAY.date + timedelta(d)) for v in (2, 10) for d in range(3)]
        for day in days:
            rows = [row(day, s, feature=f"f{f:02d}") for f in range(20) for s in ("max", "mean")]
            store.write(1, day, rows)
            store.publish(1, day)
        found = store.read("iris")
        assert len(found) == 6 * 40
        wanted = [(f"iris:{d.version}", d.date) for d in days for _ in range(40)]
        assert [(r.model_id, r.prediction_date) for r in found] == wanted

    @pytest.mark.parametrize("features", [["f1"], ["f1", "none"], [f"f{n}" for n in range(12)]])
    @pytest.mark.parametrize("statistics", [None, ["mean"], ["mean", "none"]])
    def test_every_way_of_asking_tells_the_same(
        self, store: DynamoStatisticsStore, features: list[str], statistics: list[str] | None
    ) -> None:
        rows = [row(DAY, s, feature=f"f{f}") for f in range(20) for s in ("max", "mean")]
        store.write(1, DAY, rows)
        store.publish(1, DAY)
        wanted = [
            r
            for r in store.read("iris")
            if r.feature_name in features and (statistics is None or r.statistic in statistics)
        ]
        assert store.read("iris", features=features, statistics=statistics) == wanted
        assert store.read("iris", features=features, statistics=statistics, until=date.min) == []

    def test_what_a_throttled_table_left_undone_is_done(self, account: Account) -> None:
        account.make_tables()
        client = LeavesHalfUndone(LazyClient("dynamodb"))
        store = DynamoStatisticsStore(client, f"{account.prefix}statistics")
        assert store.write(1, DAY, [row(DAY, f"s{n}") for n in range(60)]) == 60
        store.publish(1, DAY)
        assert len(store.read("iris")) == 60

    def test_a_read_under_which_a_day_is_switched_tells_one_run_whole(
        self, store: DynamoStatisticsStore, account: Account
    ) -> None:
        store.write(1, DAY, [row(DAY, value=1.0)])
        store.publish(1, DAY)
        store.write(2, DAY, [row(DAY, value=2.0), row(DAY, "max", 2.0)])
        slow = SwitchesUnderneath(LazyClient("dynamodb"), store)
        reader = DynamoStatisticsStore(slow, f"{account.prefix}statistics")
        assert [found.value for found in reader.read("iris")] == [2.0, 2.0]

    def test_of_runs_that_are_published_side_by_side_the_last_is_shown(
        self, store: DynamoStatisticsStore
    ) -> None:
        runs = [3, 7, 1, 8, 2, 6, 4, 5]
        for run in runs:
            store.write(run, DAY, [row(DAY, value=float(run))])
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda run: store.publish(run, DAY), runs))
        assert [found.value for found in store.read("iris")] == [8.0]

    def test_purging_twice_deletes_once(self, store: DynamoStatisticsStore) -> None:
        for run in (1, 2):
            store.write(run, DAY, [row(DAY)])
            store.write(run, NEXT, [row(NEXT), row(NEXT, "max")])
        store.publish(2, DAY)
        assert store.purge(before_run=3) == 1 + 2 + 2
        assert store.purge(before_run=3) == 0
        assert store.read("iris") == [row(DAY)]
