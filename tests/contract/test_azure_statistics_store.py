"""SQL keeps the promises of StatisticsStore: on SQLite and on PostgreSQL, as Azure connects it.

Azure SQL itself is not executed: there is no SQL Server here. Its statements are compared with
golden files (tests/azure/test_sql_server.py), and differ from those that run here by dialect alone.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from contract.statistics_store import DAY, NEXT, StatisticsStoreContract, row

from scienceops.adapters.azure.statistics_store import connect_statistics
from scienceops.adapters.sql import statistics
from scienceops.adapters.sql.statistics import SqlStatisticsStore
from scienceops.azure_settings import AzureSettings


class OnAnyDatabase(StatisticsStoreContract):
    """What SQL promises beyond the port."""

    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def connect(self, url: str) -> Iterator[Callable[[], SqlStatisticsStore]]:
        """Makes clients of the same database."""
        stores: list[SqlStatisticsStore] = []

        def connect() -> SqlStatisticsStore:
            stores.append(connect_statistics(AzureSettings(sql_url=url)))
            return stores[-1]

        yield connect
        for store in stores:
            store.close()

    @pytest.fixture
    def store(self, connect: Callable[[], SqlStatisticsStore]) -> SqlStatisticsStore:
        return connect()

    def test_clients_that_meet_at_an_empty_database_all_get_in(
        self, connect: Callable[[], SqlStatisticsStore]
    ) -> None:
        stores = [connect() for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(lambda store: store.read("iris"), stores)) == [[]] * 4

    def test_names_are_told_apart_by_every_letter_and_kept_in_any_script(
        self, store: SqlStatisticsStore
    ) -> None:
        names = ["Age", "age", "alter_ä", "年龄"]
        store.write(1, DAY, [row(DAY, feature=name) for name in names])
        store.publish(1, DAY)
        assert [r.feature_name for r in store.read("iris")] == sorted(names)
        assert [r.feature_name for r in store.read("iris", features=["年龄", "Age"])] == [
            "Age",
            "年龄",
        ]

    def test_a_list_longer_than_a_statement_takes_still_filters(
        self, store: SqlStatisticsStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(statistics, "MOST_LISTED", 2)
        store.write(1, DAY, [row(DAY, feature=name) for name in ("a", "b", "c", "d")])
        store.publish(1, DAY)
        found = store.read("iris", features=["a", "b", "d", "nowhere"])
        assert [r.feature_name for r in found] == ["a", "b", "d"]

    def test_runs_that_publish_beside_each_other_leave_the_last_one_shown(
        self, connect: Callable[[], SqlStatisticsStore]
    ) -> None:
        def publish(number: int) -> None:
            store = connect()
            store.write(number, NEXT, [row(NEXT, value=float(number))])
            store.publish(number, NEXT)

        publish(1)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(publish, range(2, 8)))
        assert [r.value for r in connect().read("iris")] == [7.0]


class TestSqlite(OnAnyDatabase):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'statistics.db'}"


class TestPostgres(OnAnyDatabase):
    @pytest.fixture
    def url(self, postgres_url: str) -> str:
        return postgres_url
