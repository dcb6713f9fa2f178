"""CSV in every form: a file that is scored, one that is streamed, and a body are read alike."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scienceops.batch.source import Source
from scienceops.cli.labels import _read as read_labels
from scienceops.cli.rows import read_rows
from scienceops.core.schema import Column, Schema
from scienceops.errors import BadInput
from scorer_container.protocols.rows import rows_of_csv

SCHEMA = Schema(
    (
        Column("x", "number", nullable=True),
        Column("n", "integer"),
        Column("t", "string"),
        Column("a, b", "boolean", nullable=True),
        Column("two\nlines", "string", nullable=True),
    )
)
HEAD = 'x,n,t,"a, b","two\nlines"\n'


def scored(path: Path) -> list[dict[str, Any]]:
    return SCHEMA.check_rows(read_rows(path, SCHEMA))


def sent(path: Path) -> list[dict[str, Any]]:
    return SCHEMA.check_rows(rows_of_csv(path.read_bytes(), SCHEMA))


def streamed(path: Path) -> list[dict[str, Any]]:
    source = Source(path, SCHEMA)
    source.check()
    return [row for _, table in source.pieces(2, 0) for row in table.to_pylist()]


@pytest.fixture(params=[scored, sent, streamed])
def read(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[bytes], list[list[Any]]]:
    """Reads what a file holds, each row as the list of its values."""

    def read(content: bytes) -> list[list[Any]]:
        path = tmp_path / "rows.csv"
        path.write_bytes(content)
        return [list(row.values()) for row in request.param(path)]

    return read


@pytest.mark.parametrize(
    ("lines", "row"),
    [
        ("1.5,2,hey,true,x\n", [1.5, 2, "hey", True, "x"]),
        # Lines without anything, at the end and between.
        ("\n1,2,hey,no,\n\n\n", [1.0, 2, "hey", False, None]),
        # An empty text in quotes is one that is missing, as without.
        ('"",2,"","",""\n', [None, 2, "", None, None]),
        (",2,,,\n", [None, 2, "", None, None]),
        ('1,2,"a ""b"", c\nd",0,"e\nf"\n', [1.0, 2, 'a "b", c\nd', False, "e\nf"]),
        # Blanks around numbers, and whole numbers as floats are written.
        (" 1.5 , +2 ,x, Yes ,\n", [1.5, 2, "x", True, None]),
        (".5,-2.00,x,1,\n", [0.5, -2, "x", True, None]),
        ("1e3,9007199254740993,x,1,\n", [1000.0, 9007199254740993, "x", True, None]),
        (f"1,2,{'z' * 200_000},,\n", [1.0, 2, "z" * 200_000, None, None]),
    ],
)
def test_a_row_is_read(read, lines, row):
    assert read((HEAD + lines).encode()) == [row]
    assert read(("\ufeff" + HEAD + lines).encode()) == [row]


def test_lines_may_end_as_on_windows_and_may_begin_late(read):
    content = f"\r\n{HEAD}1,2,a,,\r\n3,4,b,,\r\n5,6,c,,"
    assert [row[:3] for row in read(content.encode())] == [[1, 2, "a"], [3, 4, "b"], [5, 6, "c"]]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty; wanted a header row"),
        (b"\xef\xbb\xbf\r\n", "is empty; wanted a header row"),
        (b"x,n,t,x\n1,2,a,3\n", "two columns 'x': rename one"),
        (b"x;n;t\n1,5;2;a\n", "has semicolons between its columns: wanted commas"),
        ("x,n,t\n1,2,a\n".encode("utf-16"), "in UTF-16; save it in UTF-8"),
        ("x,n,t\n1,2,é\n".encode("latin-1"), "not in UTF-8, see line 2; save it"),
        (b"x,n,t\n1,2,a\n1,2\n", r"row 1 has 2 values, wanted 3 as the header \(line 3\)"),
        (b"x,n,t\n1,2,a,b\n", r"row 0 has 4 values, wanted 3 as the header \(line 2\)"),
        (b'x,n,t\n1,2,"a\n1,2,b\n', "unexpected end of data; a value that holds"),
        (b'x,n,t\n1,2,"a"b\n', "line 2: .* expected .*; a value that holds"),
        ("x,n,t\n٣,2,a\n".encode(), "row 0, column 'x': wrong type"),
        (b"x,n,t\n1_0,2,a\n", "row 0, column 'x': wrong type"),
        (b"x,n,t\nnan,2,a\n", "row 0, column 'x': wrong type"),
        (b"x,n,t\n1,2,a\n1e999,2,a\n", "row 1, column 'x': wrong type"),
        (b"x,n,t\n1,2.5,a\n", "row 0, column 'n': wrong type"),
        (b"x,n,t\n1,+-2,a\n", "row 0, column 'n': wrong type"),
    ],
)
def test_what_is_wrong_is_named(read, content, says):
    with pytest.raises(BadInput, match=says):
        read(content)


def test_a_letter_that_is_no_utf_8_is_named_wherever_it_stands(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(b"x,n,t\n" + b"1,2,abc\n" * 200_000 + b"1,2,\xe9\n")
    with pytest.raises(BadInput, match=r"not in UTF-8, see line \d+; save it"):
        streamed(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'request_id,label\na,"b\n', "unexpected end of data"),
        (b"request_id,row,label\na,0\n", "row 0 has 2 values, wanted 3"),
        (b"request_id;label\na;b\n", "has semicolons between its columns"),
        (b"request_id,label\na,\xe9\n", "not in UTF-8, see line 2"),
    ],
)
def test_a_file_of_labels_that_is_none_is_named(tmp_path, content, says):
    (tmp_path / "labels.csv").write_bytes(content)
    with pytest.raises(BadInput, match=says):
        read_labels(tmp_path / "labels.csv", numbers=False)


def test_labels_are_read_with_holes_and_in_any_order(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_bytes(b"\xef\xbb\xbflabel,request_id,row\r\n 1.5 ,a,\r\n1_0,b,3.0\r\n\r\n")
    assert read_labels(path, numbers=True) == [
        {"request_id": "a", "row": 0, "label": 1.5},
        {"request_id": "b", "row": 3, "label": "1_0"},
    ]
