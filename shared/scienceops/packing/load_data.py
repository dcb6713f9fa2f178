"""Load data: training rows from a file, or from a database by its SQLAlchemy address."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from scienceops.errors import BadInput
from scienceops.packing.read_table import read_table

if TYPE_CHECKING:
    from sqlalchemy import URL


def load_data(source: str | Path, query: str | None = None) -> pd.DataFrame:
    """The rows of a file, or those that a query selects from a database.

    source: a .csv, .parquet, .xlsx (its first sheet), .json or .jsonl file; or an address as
    SQLAlchemy has it, such as sqlite:///rows.db or postgresql+psycopg://user:password@host/name,
    with `query` as one SELECT. Raises BadInput naming the file or the address, without its
    password, when it cannot be read or holds no rows.

    >>> load_data("sqlite:///rows.db")
    Traceback (most recent call last):
    scienceops.errors.BadInput: sqlite:///rows.db is a database: give a query too, like \
load_data(address, "SELECT ...")
    """
    if isinstance(source, str) and "://" in source:
        return _read_database(source, query)
    if query is not None:
        raise BadInput(
            f"{source} is a file, and a query is for a database: leave the query out, or give an "
            "address like sqlite:///rows.db"
        )
    path = Path(source)
    if not path.is_file():
        what = "a folder" if path.is_dir() else "not there"
        raise BadInput(f"{source} is {what}: give a file; looked in {path.resolve().parent}")
    return read_table(path)


def _read_database(address: str, query: str | None) -> pd.DataFrame:
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
    from sqlalchemy.pool import NullPool

    try:
        url = make_url(address)
        shown = url.render_as_string(hide_password=True)
        url.get_dialect()
        if query is None:
            raise BadInput(
                f'{shown} is a database: give a query too, like load_data(address, "SELECT ...")'
            )
        _check_sqlite_file(url, shown)
        # One query needs one connection, which is closed before this returns.
        engine = create_engine(url, poolclass=NullPool)
    except NoSuchModuleError:
        raise BadInput(
            f"{shown}: no database is known as {url.drivername!r}; wanted a file, or an address "
            "like sqlite:///rows.db or postgresql+psycopg://..."
        ) from None
    except ArgumentError:
        # The address may hold a password, so that only its beginning is shown.
        scheme = address.partition("://")[0]
        raise BadInput(
            f"the address {scheme}://... is none that SQLAlchemy can read: wanted "
            "DIALECT://USER:PASSWORD@HOST/DATABASE, like sqlite:///rows.db"
        ) from None
    except ImportError as error:
        raise BadInput(
            f"{shown} needs the driver {error.name!r}, which is not installed: install it with pip"
        ) from None
    try:
        with engine.connect() as connection:
            rows = pd.read_sql_query(query, connection)
    except (SQLAlchemyError, pd.errors.DatabaseError) as error:
        # pandas wraps the error of SQLAlchemy, which wraps that of the driver: the last one tells.
        inner = error.__cause__ if isinstance(error, pd.errors.DatabaseError) else error
        reason = str(getattr(inner, "orig", None) or error).splitlines()[0]
        raise BadInput(f"{shown} does not answer {query!r}: {reason}") from None
    if rows.empty:
        raise BadInput(f"{shown} has no rows for {query!r}: change the query")
    return rows


def _check_sqlite_file(url: "URL", shown: str) -> None:
    # SQLite would make a new, empty database out of a mistyped name.
    name = url.database
    plain = url.get_backend_name() == "sqlite" and name and not name.startswith((":", "file:"))
    if plain and not Path(str(name)).is_file():
        raise BadInput(f"{shown}: the file is not there; looked for {Path(str(name)).resolve()}")
