"""Let identities into the statistics: `python -m infra.azure.grant_sql SERVER DB NAME=ID...`.

Users of a database are made by SQL, which no template speaks. Tables and views are made here too,
by the administrator, so that who runs every day needs no right to make any.
"""

import sys
from typing import TYPE_CHECKING
from uuid import UUID

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
    if not all(character.isalnum() or character in "-_" for character in name):
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


def main(server: str, database: str, *identities: str) -> int:
    """Grant, as whoever is signed in with the Azure CLI; raises SystemExit when SQL refuses it."""
    import sqlalchemy as sa
    from azure.identity import AzureCliCredential

    from scienceops.adapters.azure.sql_engine import open_engine

    pairs = [(name, number) for name, _, number in (told.partition("=") for told in identities)]
    try:
        grant(open_engine(server, database, AzureCliCredential()), pairs)
    except sa.exc.DBAPIError as error:
        advice = advice_on(str(error.orig))
        if not advice:
            raise
        raise SystemExit(f"{error.orig}\n{database} on {server}: {advice}.") from None
    sys.stdout.write(f"{database} on {server}: {', '.join(name for name, _ in pairs)} let in\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
