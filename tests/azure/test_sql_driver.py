"""Microsoft's own ODBC driver, loaded by pyodbc: what it says when nobody listens."""

import ctypes.util
import os
from typing import Any

import pytest
from contract.statistics_store import DAY, row
from ports import free_ports

from scienceops.adapters.azure import sql_engine
from scienceops.adapters.azure.sql_engine import find_driver, open_engine
from scienceops.adapters.azure.sql_retries import SqlRetries
from scienceops.adapters.sql.statistics import SqlStatisticsStore
from scienceops.errors import StatisticsUnavailable


@pytest.fixture(autouse=True)
def _need_driver_manager() -> None:
    if ctypes.util.find_library("odbc"):
        return
    needed = "no driver manager: on Debian, apt-get install unixodbc"
    if os.environ.get("REQUIRE_EMULATORS") == "1":
        pytest.fail(needed)
    pytest.skip(needed)


class StandInCredential:
    def get_token(self, *_: str, **__: Any) -> Any:
        return type("Token", (), {"token": "no token of anybody"})


def test_the_driver_is_version_18_of_the_machine_or_of_the_wheel() -> None:
    found = find_driver("x")
    assert found == "ODBC Driver 18 for SQL Server" or "libmsodbcsql-18" in found


def test_a_port_where_nobody_listens_is_told_in_the_driver_s_own_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The driver goes on trying for as long as a login may take.
    monkeypatch.setattr(sql_engine, "LOGIN_SECONDS", 1)
    [port] = free_ports(1)
    place = f"127.0.0.1,{port}"
    engine = open_engine(place, "scienceops", StandInCredential())  # type: ignore[arg-type]
    waits: list[float] = []
    store = SqlStatisticsStore(engine, SqlRetries(place, patience_seconds=2, sleep=waits.append))
    with pytest.raises(StatisticsUnavailable, match=rf"{place}.*ODBC Driver 18.*SQLDriverConnect"):
        store.write(1, DAY, [row(DAY)])
    assert len(waits) == 1
