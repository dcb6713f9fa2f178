"""load_data: rows from every kind of source, and refusals that name it."""

import sqlite3
from contextlib import closing

import pandas as pd
import pytest

from scienceops import load_data
from scienceops.errors import BadInput

ROWS = pd.DataFrame({"age": [30, 41], "bmi": [21.5, None], "city": ["Bern", "Köln"]})


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    ROWS.to_csv(tmp_path / "rows.csv", index=False)
    ROWS.to_parquet(tmp_path / "rows.parquet")
    ROWS.to_excel(tmp_path / "rows.xlsx", index=False)
    (tmp_path / "rows.jsonl").write_text(ROWS.to_json(orient="records", lines=True))
    with closing(sqlite3.connect(tmp_path / "rows.db")) as connection:
        ROWS.to_sql("people", connection, index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet", "rows.xlsx", "rows.jsonl"])
def test_a_file_gives_its_rows_with_their_types(folder, name):
    pd.testing.assert_frame_equal(load_data(name), ROWS)
    pd.testing.assert_frame_equal(load_data(folder / name), ROWS)


def test_a_query_gives_the_rows_that_it_selects():
    rows = load_data("sqlite:///rows.db", "SELECT * FROM people WHERE city LIKE 'B%' OR age = 41")
    pd.testing.assert_frame_equal(rows, ROWS)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("absent.csv",), r"^absent\.csv is not there: give a file; looked in /"),
        ((".",), r"^\. is a folder: give a file"),
        (("rows.db",), r"^rows\.db cannot be read as \.db: wanted one of \.csv, .*\.xlsx"),
        (("rows.csv", "SELECT 1"), r"^rows\.csv is a file, and a query is for a database"),
        (("sqlite:///rows.db",), r"^sqlite:///rows\.db is a database: give a query too"),
        (("sqlite:///absent.db", "SELECT 1"), r"^sqlite:///absent\.db: the file is not there"),
        (("sqlite:///rows.db", "SELECT * FROM pets"), r"'SELECT \* FROM pets': no such table"),
        (("sqlite:///rows.db", "people"), r"does not answer 'people': "),
        (("sqlite:///rows.db", "SELECT * FROM people WHERE age > 99"), r"has no rows for 'SELECT"),
        (("https://example.com/rows.csv",), r"no database is known as 'https'"),
        (("postgresql+asyncpg9://host/name", "SELECT 1"), r"no database is known as"),
        (("oracle+cx_oracle://host/name", "SELECT 1"), r"needs the driver 'cx_Oracle'"),
        (("://", "SELECT 1"), r"is none that SQLAlchemy can read"),
    ],
)
def test_a_source_that_gives_nothing_is_named(arguments, says):
    with pytest.raises(BadInput, match=says):
        load_data(*arguments)


@pytest.mark.parametrize("query", [None, "SELECT 1"])
def test_a_password_is_never_shown(query):
    with pytest.raises(BadInput) as refused:
        load_data("oracle+cx_oracle://me:secret@host/name", query)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("name", ["broken.xlsx", "broken.parquet", "empty.csv"])
def test_a_file_that_is_not_what_its_name_says_is_named(folder, name):
    (folder / name).write_bytes(b"" if name.startswith("empty") else b"no table")
    with pytest.raises(BadInput, match=f"{name} cannot be read as"):
        load_data(name)
