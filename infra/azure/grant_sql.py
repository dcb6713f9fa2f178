"""Let identities into the statistics: `python -m infra.azure.grant_sql SERVER DB NAME=ID...`.

Users of a database are made by SQL, which no template speaks. Tables and views are made here too,
by the administrator, so that who runs every day needs no right to make any.
"""

import argparse
import sys
from typing import TYPE_CHECKING
from uuid import UUID

from infra.azure.refusals import explained
from infra.azure.sql_needs import advice_on

if TYPE_CHECKING:
    import sqlalchemy as sa

ROLES = ("db_datareader", "db_datawriter")


def statements(name: str, client_id: str) -> list[str]:
    """The T-SQL that makes a user of an identity, if need be, and lets it read and write rows.

    By its client id as SID, for looking up a name takes a right in Entra ID that servers lack.
    Raises ValueError when the id is none, or the name could end its quotes.

    >>> statements("x-functions", "00000000-0000-0000-0000-0000000000ff")[0][:58]
    "IF USER_ID(N'x-functions') IS NULL CREATE USER [x-function"
    """
    if not name or not all(character.isalnum() or character in "-_" for character in name):
        raise ValueError(f"{name!r} is no name of an identity")
    number = UUID(client_id).bytes_le.hex().upper()
    made = f"IF USER_ID(N'{name}') IS NULL CREATE USER [{name}] WITH SID = 0x{number}, TYPE = E"
    return [made, *(f"ALTER ROLE {role} ADD MEMBER [{name}]" for role in ROLES)]


def grant(engine: "sa.Engine", identities: list[tuple[str, str]]) -> None:
    """Make tables and users; what is there already stays."""
    from scienceops.adapters.sql.schema import prepare

    prepare(engine)
    with engine.begin() as connection:
        for name, client_id in identities:
            for statement in statements(name, client_id):
                connection.exec_driver_sql(statement)


def main(*words: str) -> int:
    """Grant, as whoever is signed in with the Azure CLI; raises SystemExit when SQL refuses it."""
    import sqlalchemy as sa
    from azure.identity import AzureCliCredential

    from scienceops.adapters.azure.sql_engine import open_engine

    parser = argparse.ArgumentParser(prog="python -m infra.azure.grant_sql")
    parser.add_argument("server", help="such as NAME.database.windows.net")
    parser.add_argument("database", help="of the statistics")
    parser.add_argument("identities", metavar="NAME=CLIENT_ID", type=identity, nargs="+")
    told = parser.parse_args(words)
    place = f"{told.database} on {told.server}"
    try:
        with explained(place):
            grant(open_engine(told.server, told.database, AzureCliCredential()), told.identities)
    except sa.exc.DBAPIError as error:
        advice = advice_on(str(error.orig))
        if not advice:
            raise
        raise SystemExit(f"{error.orig}\n{place}: {advice}.") from None
    sys.stdout.write(f"{place}: {', '.join(name for name, _ in told.identities)} let in\n")
    return 0


def identity(text: str) -> tuple[str, str]:
    """Name and client id of an identity, for argparse: nothing is made for one that is wrong."""
    name, _, client_id = text.partition("=")
    try:
        statements(name, client_id)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r}: wanted NAME=CLIENT_ID, a name of letters, digits and hyphens, and an id "
            "like 00000000-0000-0000-0000-0000000000ff"
        ) from None
    return name, client_id


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
