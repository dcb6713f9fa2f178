"""CSV rows: a table with a header row as a schema types it; what is no such table is named.

A cell that is empty is a missing value, whether it stands in quotes or not, and an empty text where
a text may not be missing.
"""

import codecs
import csv
import io
import math
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from scienceops.core.schema import Column, Schema
from scienceops.core.twice import first_twice
from scienceops.errors import BadInput

TRUE, FALSE = ("true", "1", "yes"), ("false", "0", "no")
#: A whole number, as tools write it that keep whole numbers with holes as floats.
WHOLE = r"(?:\+?(\d+)|(-\d+))(?:\.0*)?"

#: What spreadsheets of other countries and systems put between values.
_OTHERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_WHOLE = re.compile(WHOLE, re.ASCII)
_QUOTES = (
    "a value that holds commas, quotes or line breaks stands in quotes, each of its own doubled"
)

# A cell may be a document; what comes is limited as a whole.
csv.field_size_limit(sys.maxsize)


def decode(data: bytes, what: str, *, is_whole: bool = True) -> str:
    """The text of a CSV in UTF-8, with or without a mark at its beginning; raises BadInput.

    what: it is called in errors. is_whole: False for its beginning alone.
    """
    first_line = re.split(rb"[\r\n]", data, maxsplit=1)[0]
    if data.startswith(_UTF_16) or b"\0" in first_line:
        raise BadInput(f"{what} seems to be in UTF-16; save it in UTF-8")
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(data, final=is_whole)
    except UnicodeDecodeError as error:
        line = 1 + data.count(b"\n", 0, error.start)
        raise BadInput(f"{what} is not in UTF-8, see line {line}; save it in UTF-8") from None


def read_header(text: str, columns: Sequence[str], what: str) -> list[str]:
    """The names of its columns; raises BadInput where one is there twice, or all are one.

    columns: that it should have, by which a header is known that another sign than a comma divides.
    """
    names = _first_row(text, ",")
    if not names:
        raise BadInput(f"{what} is empty; wanted a header row and at least one more")
    wanted = set(columns)
    if not wanted & set(names):
        for sign, called in _OTHERS.items():
            others = _first_row(text, sign)
            # Even with misspelt names, nobody means one column that is named by several.
            if wanted & set(others) or len(others) == len(columns) > 1:
                raise BadInput(
                    f"{what} has {called} between its columns: wanted commas, and points in "
                    "decimals; save it so"
                )
    twice = first_twice(names)
    if twice is not None:
        raise BadInput(f"{what} has two columns {twice!r}: rename one")
    return names


def read_rows(lines: Iterable[str], names: Sequence[str], what: str) -> Iterator[list[str]]:
    """The cells of each row after the header; lines without anything are none. Raises BadInput.

    lines: with their ends, from the beginning. names: of the header.
    """
    reader = csv.reader(lines, strict=True)
    try:
        rows = (row for row in reader if row)
        next(rows)
        for number, row in enumerate(rows):
            if len(row) != len(names):
                raise BadInput(
                    f"{what}: row {number} has {len(row)} values, wanted {len(names)} as the "
                    f"header (line {reader.line_num}); {_QUOTES}"
                )
            yield row
    except csv.Error as error:
        raise BadInput(f"{what}: line {reader.line_num}: {error}; {_QUOTES}") from None
    except UnicodeDecodeError:
        line = reader.line_num + 1
        raise BadInput(f"{what} is not in UTF-8, see line {line}; save it in UTF-8") from None


def read_records(text: str, columns: Sequence[str], what: str) -> Iterator[dict[str, str]]:
    """Each row by the names of the header, as text; raises BadInput."""
    names = read_header(text, columns, what)
    for row in read_rows(io.StringIO(text, newline=""), names, what):
        yield dict(zip(names, row, strict=True))


def read_csv(text: str, schema: Schema, what: str) -> list[dict[str, Any]]:
    """The rows, each cell of a known column by its type; raises BadInput.

    >>> schema = Schema((Column("a", "number", nullable=True), Column("b", "integer")))
    >>> read_csv("a,b\\n,2.0\\n1_0,x\\n", schema, "the CSV")
    [{'a': None, 'b': 2}, {'a': '1_0', 'b': 'x'}]
    """
    known = {column.name: column for column in schema.columns}
    return [
        {name: typed(cell, known[name]) if name in known else cell for name, cell in row.items()}
        for row in read_records(text, list(known), what)
    ]


def typed(text: str, column: Column) -> Any:
    """A cell's value; the text itself where it is none of its column's type, for a check to name.

    >>> typed(" 1.5", Column("a", "number")), typed("nan", Column("a", "number"))
    (1.5, 'nan')
    """
    if text == "" and (column.nullable or column.type != "string"):
        return None
    if column.type == "boolean":
        lower = text.strip().lower()
        return True if lower in TRUE else False if lower in FALSE else text
    if column.type == "integer" and (found := _WHOLE.fullmatch(text.strip())):
        return int(found[1] or found[2])
    # Python reads "1_0" as 10, and the digits of every script.
    if column.type in ("number", "integer") and text.isascii() and "_" not in text:
        try:
            number = float(text)
        except ValueError:
            return text
        return number if math.isfinite(number) else text
    return text


def _first_row(text: str, sign: str) -> list[str]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign)
    return next((row for row in reader if row), [])
