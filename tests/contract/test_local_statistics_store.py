"""SQLite keeps the promises of StatisticsStore, made when it is first used."""

import pytest
from contract.statistics_store import StatisticsStoreContract

from scienceops.adapters.local import connect
from scienceops.config import Settings


class TestSqliteStatisticsStore(StatisticsStoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return connect(Settings(home=tmp_path)).statistics
