"""What Azure SQL needs of the machine that deploys, and what to do when it refuses it."""

import sys

import pytest
import sqlalchemy as sa
from emulators.az_cli import ANSWERS
from emulators.sql_server import OperationalError, ProgrammingError, StandInDriver

from infra.azure import deploy, grant_sql, sql_needs
from infra.azure.az import Az
from infra.azure.choices import Choices
from scienceops.adapters.azure import sql_engine
from scienceops.errors import StatisticsUnavailable

SERVER = "stand-in.database.windows.net"
IDENTITY = "x-functions=00112233-4455-6677-8899-aabbccddeeff"
#: As Microsoft's driver words them.
SAYS = "[Microsoft][ODBC Driver 18 for SQL Server]"
CLOSED = ProgrammingError(
    "42000",
    f"[42000] {SAYS}[SQL Server]Cannot open server 'stand-in' requested by the login. Client with "
    "IP address '203.0.113.7' is not allowed to access the server. (40615) (SQLDriverConnect)",
)
UNKNOWN = ProgrammingError(
    "28000",
    f"[28000] {SAYS}[SQL Server]Login failed for user '<token-identified principal>'. (18456)",
)
UNREACHED = OperationalError("HYT00", f"[HYT00] {SAYS}Login timeout expired (0)")
OTHER = ProgrammingError("42S02", f"[42S02] {SAYS}Invalid object name. (208)")


@pytest.fixture
def driver(monkeypatch):
    driver = StandInDriver()
    monkeypatch.setattr(sql_engine, "_import_pyodbc", lambda _: driver)
    monkeypatch.setattr(sql_engine, "find_driver", lambda _: "Stand-in")
    monkeypatch.setattr(sql_engine, "pack_token", lambda _: b"")
    token = type("Token", (), {"token": "none"})
    monkeypatch.setattr("azure.identity.AzureCliCredential.get_token", lambda *_, **__: token)
    return driver


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (CLOSED, ["from 203.0.113.7.", 'make deploy-azure OPTIONS="--address 203.0.113.7"']),
        (UNKNOWN, ["not the administrator", "az login", "ADMINISTRATOR_ID"]),
        (UNREACHED, ["port 1433"]),
    ],
    ids=["closed", "unknown", "unreached"],
)
def test_who_is_refused_is_told_what_to_do(driver, failure, told):
    driver.failures = [failure]
    with pytest.raises(SystemExit) as refused:
        grant_sql.main(SERVER, "statistics", IDENTITY)
    assert [words for words in told if words not in str(refused.value)] == []
    assert failure.args[1] in str(refused.value)
    assert f"statistics on {SERVER}" in str(refused.value)


def test_what_is_no_refusal_rises_as_it_is(driver):
    driver.failures = [OTHER]
    with pytest.raises(sa.exc.ProgrammingError) as raised:
        grant_sql.main(SERVER, "statistics", IDENTITY)
    assert raised.value.orig is OTHER


def test_who_is_let_in_grants(driver, capsys):
    assert grant_sql.main(SERVER, "statistics", IDENTITY) == 0
    assert any("CREATE USER [x-functions]" in statement for statement, _ in driver.statements)
    assert "x-functions let in" in capsys.readouterr().out


def test_a_machine_without_unixodbc_is_told_before_anything_is_called(cli, monkeypatch):
    # As where libodbc is missing: the import of pyodbc fails.
    monkeypatch.setitem(sys.modules, "pyodbc", None)
    with pytest.raises(SystemExit, match=r"unixODBC.*nothing was called.*apt-get install unixodbc"):
        deploy.deploy("dev", Choices(), Az())
    assert cli.calls == []


def test_a_machine_without_the_driver_is_told_before_anything_is_called(cli, monkeypatch):
    def find(server):
        raise StatisticsUnavailable(server, "no ODBC Driver 18 for SQL Server")

    monkeypatch.setattr(sql_engine, "find_driver", find)
    with pytest.raises(SystemExit, match=r"nothing was called.*no ODBC Driver 18"):
        deploy.deploy("dev", Choices(), Az())
    assert cli.calls == []


def test_a_driver_that_does_not_load_is_no_driver(monkeypatch, tmp_path):
    broken = tmp_path / "libmsodbcsql-18.so"
    broken.write_text("no library")
    monkeypatch.setattr(sql_engine, "find_driver", lambda _: str(broken))
    with pytest.raises(SystemExit, match=r"libmsodbcsql-18\.so.*libgssapi"):
        sql_needs.need_driver()


def test_a_look_ahead_needs_no_driver(cli, programs, monkeypatch):
    def need():
        raise SystemExit("no driver")

    monkeypatch.setattr(deploy, "need_driver", need)
    cli.answers({**ANSWERS, "group list": ["northeurope"]})
    deploy.deploy("dev", Choices(), Az(), what_if=True)
    deploy.deploy("dev", Choices(), Az(dry_run=True))
    assert cli.asked("deployment group what-if")


@pytest.mark.parametrize(("addresses", "warned"), [((), True), (("192.0.2.7",), False)])
def test_a_deployment_without_addresses_says_what_will_be_refused(
    cli, programs, capsys, addresses, warned
):
    deploy.deploy("dev", Choices(addresses=addresses), Az())
    assert ("No address is allowed" in capsys.readouterr().out) == warned
