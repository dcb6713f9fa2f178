"""SQLite keeps the promises of StatisticsStore."""

import pytest
from contract.statistics_store import StatisticsStoreContract

from scienceops.adapters.local.statistics_store import connect_statistics


class TestSqliteStatisticsStore(StatisticsStoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return connect_statistics(tmp_path / "statistics.db")
