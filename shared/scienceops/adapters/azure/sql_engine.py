"""SQL engine: Azure SQL by Microsoft's ODBC driver and a token of Entra ID, never a password."""

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from scienceops.errors import StatisticsUnavailable

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

SCOPE = "https://database.windows.net/.default"
DRIVER = "ODBC Driver 18 for SQL Server"
LOGIN_SECONDS = 30
#: The gateway of Azure SQL ends a connection that was idle for 30 minutes.
RECYCLE_SECONDS = 1500
#: SQL_COPT_SS_ACCESS_TOKEN of Microsoft's driver (msodbcsql.h).
_ACCESS_TOKEN = 1256


def open_engine(server: str, database: str, credential: "TokenCredential") -> sa.Engine:
    """An engine that connects on first use; `server` is HOST or HOST,PORT.

    Raises StatisticsUnavailable where this machine has no driver.
    """
    pyodbc = _import_pyodbc(server)
    place = describe_connection(server, database, find_driver(server))
    engine = sa.create_engine(
        sa.URL.create("mssql+pyodbc", query={"odbc_connect": place}),
        module=pyodbc,
        connect_args={"timeout": LOGIN_SECONDS},
        fast_executemany=True,
        pool_pre_ping=True,
        pool_recycle=RECYCLE_SECONDS,
    )

    @sa.event.listens_for(engine, "do_connect")
    def _sign_in(_: Any, __: Any, ___: Any, options: dict[str, Any]) -> None:
        # A token lasts about an hour, so each connection asks; the credential keeps it that long.
        options["attrs_before"] = {_ACCESS_TOKEN: pack_token(credential.get_token(SCOPE).token)}

    return engine


def describe_connection(server: str, database: str, driver: str) -> str:
    """The connection string: encrypted, the server's certificate checked.

    >>> describe_connection("x.database.windows.net", "scienceops", "D")[:45]
    'DRIVER={D};SERVER=tcp:x.database.windows.net,'
    """
    place = server if "," in server else f"{server},1433"
    return (
        f"DRIVER={{{driver}}};SERVER=tcp:{place};DATABASE={database};"
        "Encrypt=yes;TrustServerCertificate=no"
    )


def pack_token(token: str) -> bytes:
    """The token as the driver's ACCESSTOKEN structure: length in bytes, then UTF-16.

    >>> pack_token("ab").hex()
    '0400000061006200'
    """
    text = token.encode("utf-16-le")
    return struct.pack("<I", len(text)) + text


def find_driver(server: str) -> str:
    """The driver that the environment has installed, else the one inside mssql-python-odbc."""
    import pyodbc

    if DRIVER in pyodbc.drivers():
        return DRIVER
    try:
        import mssql_python_odbc
    except ImportError:
        raise StatisticsUnavailable(
            server, f"no {DRIVER}: install msodbcsql18, or the package mssql-python-odbc"
        ) from None
    family = _linux_family()
    libraries = Path(mssql_python_odbc.__file__).parent / "libs" / "linux" / family
    found = sorted(libraries.glob("*/lib/libmsodbcsql-18*.so*"))
    if not found:
        raise StatisticsUnavailable(server, f"no driver in {libraries}: install msodbcsql18")
    return str(found[-1])


def _linux_family() -> str:
    return "debian_ubuntu" if Path("/etc/debian_version").exists() else "rhel"


def _import_pyodbc(server: str) -> Any:
    try:
        import pyodbc
    except ImportError as error:
        raise StatisticsUnavailable(
            server, f"pyodbc cannot be loaded ({error}): on Debian, apt-get install unixodbc"
        ) from None
    return pyodbc
