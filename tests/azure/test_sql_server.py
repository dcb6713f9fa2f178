"""What Azure SQL is sent, compared with golden files; nothing executes T-SQL here.

A change of the statements changes golden/*.sql: UPDATE_GOLDEN=1 writes them.
"""

import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from contract.statistics_store import DAY, row
from emulators.sql_server import OperationalError, ProgrammingError, StandInDriver

from scienceops.adapters.azure import sql_engine
from scienceops.adapters.azure.sql_engine import open_engine
from scienceops.adapters.azure.sql_retries import TRANSIENT_ERRORS, SqlRetries
from scienceops.adapters.sql.schema import create_view
from scienceops.adapters.sql.statistics import SqlStatisticsStore
from scienceops.adapters.sql.tables import METADATA
from scienceops.adapters.sql.views import VIEWS
from scienceops.errors import StatisticsUnavailable

GOLDEN = Path(__file__).parent / "golden"
SERVER = "stand-in.database.windows.net"


class StandInCredential:
    """Gives a token that says which one it is."""

    def __init__(self) -> None:
        self.asked = 0

    def get_token(self, *scopes: str, **_: Any) -> Any:
        assert scopes == ("https://database.windows.net/.default",)
        self.asked += 1
        return type("Token", (), {"token": f"token-{self.asked}"})


@pytest.fixture
def driver() -> StandInDriver:
    return StandInDriver()


@pytest.fixture
def engine(driver: StandInDriver, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    monkeypatch.setattr(sql_engine, "_import_pyodbc", lambda _: driver)
    monkeypatch.setattr(sql_engine, "find_driver", lambda _: "Stand-in")
    engine = open_engine(SERVER, "scienceops", StandInCredential())  # type: ignore[arg-type]
    yield engine
    engine.dispose()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def store(engine: sa.Engine, waits: list[float]) -> SqlStatisticsStore:
    return SqlStatisticsStore(engine, SqlRetries(SERVER, patience_seconds=60, sleep=waits.append))


def check_golden(name: str, text: str) -> None:
    """Compare with the file, or write it when told to."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(text)
    assert path.read_text() == text


def lay_out(statement: str) -> str:
    """One clause a line, so that a change shows where it is."""
    text = re.sub(r"\s+", " ", statement.strip())
    return re.sub(r" (FROM|WHERE|JOIN|GROUP BY|ORDER BY|AND|VALUES|SET|INCLUDE) ", r"\n  \1 ", text)


def test_tables_and_indexes_are_made_as_the_golden_file_says() -> None:
    made: list[str] = []
    server = sa.create_mock_engine(
        "mssql+pyodbc://", lambda ddl, *_, **__: made.append(str(ddl.compile(dialect=dialect)))
    )
    dialect = server.dialect
    dialect.server_version_info = (16, 0)
    METADATA.create_all(server, checkfirst=False)
    # SQLAlchemy makes the indexes of a table in any order.
    told = sorted((s.strip() for s in made), key=lambda s: (not s.startswith("CREATE TABLE"), s))
    check_golden("tables.sql", ";\n\n".join(told) + ";\n")


def test_views_are_made_as_the_golden_file_says() -> None:
    dialect = sa.create_mock_engine("mssql+pyodbc://", print).dialect
    made = (lay_out(create_view(view, dialect)) for view in VIEWS)
    check_golden("views.sql", ";\n\n".join(made) + ";\n")


def test_each_method_sends_the_statements_of_the_golden_file(
    store: SqlStatisticsStore, driver: StandInDriver
) -> None:
    store.write(1, DAY, [row(DAY), row(DAY, "max")])
    store.publish(1, DAY)
    day = date(2026, 11, 20)
    store.read("iris", versions=[1], features=["a", "b"], statistics=["c"], since=day, until=day)
    store.days("iris")
    store.purge(before_run=1)
    sent = [lay_out(statement) for statement, _ in driver.statements]
    check_golden("statements.sql", ";\n\n".join(sent) + ";\n")


def test_a_day_is_replaced_in_one_transaction(
    store: SqlStatisticsStore, driver: StandInDriver
) -> None:
    store.days("iris")
    before = driver.commits
    store.write(1, DAY, [row(DAY)])
    verbs = [statement.split(None, 1)[0] for statement, _ in driver.statements[-2:]]
    assert (verbs, driver.commits - before) == (["DELETE", "INSERT"], 1)


def test_each_connection_is_encrypted_and_signs_in_by_a_token(
    engine: sa.Engine, driver: StandInDriver
) -> None:
    for number in (1, 2):
        with engine.connect():
            place, options = driver.connected[-1]
        engine.dispose()
        assert "SERVER=tcp:stand-in.database.windows.net,1433;DATABASE=scienceops" in place
        assert "Encrypt=yes;TrustServerCertificate=no" in place
        assert not re.search(r"UID|PWD|Trusted", place)
        token = f"token-{number}".encode("utf-16-le")
        assert options["attrs_before"] == {1256: len(token).to_bytes(4, "little") + token}


def told_by_driver(number: int, state: str = "42000") -> OperationalError:
    words = "[Microsoft][ODBC Driver 18 for SQL Server][SQL Server]Not now."
    return OperationalError(state, f"[{state}] {words} ({number}) (SQLDriverConnect)")


@pytest.mark.parametrize("number", sorted(TRANSIENT_ERRORS))
def test_an_error_that_passes_is_waited_for(
    store: SqlStatisticsStore, driver: StandInDriver, waits: list[float], number: int
) -> None:
    driver.failures = [told_by_driver(number), told_by_driver(number)]
    assert store.read("iris") == []
    assert len(waits) == 2
    assert waits[0] < waits[1]


@pytest.mark.parametrize("state", ["08S01", "08001", "HYT00"])
def test_a_cut_connection_is_made_anew_and_the_day_written_whole(
    store: SqlStatisticsStore, driver: StandInDriver, waits: list[float], state: str
) -> None:
    store.days("iris")
    driver.statements.clear()
    # The delete is carried out, the insert is not.
    driver.failures = [None, told_by_driver(10054, state)]
    assert store.write(1, DAY, [row(DAY)]) == 1
    assert len(waits) == 1
    verbs = [statement.split(None, 1)[0] for statement, _ in driver.statements]
    assert verbs == ["DELETE", "DELETE", "INSERT"]


def test_a_database_that_stays_away_is_named_with_its_reason(
    store: SqlStatisticsStore, driver: StandInDriver, waits: list[float]
) -> None:
    driver.failures = [told_by_driver(40613)] * 100
    with pytest.raises(StatisticsUnavailable, match=r"stand-in\.database.*40613") as caught:
        store.read("iris")
    assert caught.value.http_status == 503
    assert 30 < sum(waits) <= 60


def test_an_error_that_stays_is_not_waited_for(
    store: SqlStatisticsStore, driver: StandInDriver, waits: list[float]
) -> None:
    driver.failures = [ProgrammingError("42S02", "[42S02] Invalid object name. (208)")]
    with pytest.raises(sa.exc.ProgrammingError, match="208"):
        store.read("iris")
    assert waits == []


def test_names_that_differ_by_their_last_blanks_are_two_for_the_server(
    store: SqlStatisticsStore, driver: StandInDriver
) -> None:
    # ANSI SQL-92 pads the shorter of two texts with blanks before they are compared.
    names = ["category_count:yes", "category_count:yes ", "category_count:yes  "]
    store.write(1, DAY, [row(DAY, name) for name in names])
    _, given = driver.statements[-1]
    kept = [value for values in given for value in values if str(value).startswith("category")]
    assert len({text.rstrip(" ") for text in kept}) == len(names)
    store.read("iris", statistics=names)
    _, [asked] = driver.statements[-1]
    assert set(asked) >= set(kept)
