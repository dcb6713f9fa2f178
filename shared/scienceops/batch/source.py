"""Source: the rows of a Parquet or CSV file in pieces, as the service's schema types them."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from scienceops.core.csv_rows import FALSE, TRUE, WHOLE, decode, read_header, read_rows
from scienceops.core.near import near
from scienceops.core.schema import Column, Schema
from scienceops.core.twice import first_twice
from scienceops.errors import BadInput, BadRows

SUFFIXES = (".parquet", ".csv")
#: In so much of a CSV file its header is.
HEAD_BYTES = 1024**2

_ARROW = {"number": pa.float64(), "integer": pa.int64()}


@dataclass(frozen=True)
class Source:
    """A file of rows. keep: columns that go into the output and not to the service."""

    path: Path
    schema: Schema
    keep: Sequence[str] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "keep", tuple(dict.fromkeys(self.keep)))

    def check_kept_in_csv(self) -> None:
        """Raise BadInput for a column to keep that a CSV has no form for."""
        if self.path.suffix.lower() != ".parquet":
            return
        types = pa.types
        for field in pq.read_schema(self.path):
            kind = field.type
            is_bytes = types.is_large_binary(kind) or types.is_binary_view(kind)
            is_bytes |= types.is_binary(kind) or types.is_fixed_size_binary(kind)
            if field.name in self.keep and (types.is_nested(kind) or is_bytes):
                raise BadInput(
                    f"{self.path}: column {field.name!r} is {kind}, which a .csv cannot hold: "
                    "write a .parquet, or keep other columns"
                )

    def check(self) -> int | None:
        """The number of rows, None for a CSV, whose rows nobody has counted.

        Raises BadInput for another kind of file, for a column that is missing, and for one that
        the service does not take and nobody keeps: nothing is left out silently.
        """
        suffix, count = self.path.suffix.lower(), None
        if suffix not in SUFFIXES:
            raise BadInput(f"{self.path}: wanted one of {', '.join(SUFFIXES)} for a file this way")
        try:
            if suffix == ".parquet":
                with pq.ParquetFile(self.path) as file:
                    names, count = file.schema_arrow.names, int(file.metadata.num_rows)
            else:
                names = self._names_of_csv()
        except (pa.ArrowInvalid, OSError) as error:
            raise BadInput(f"{self.path} cannot be read as {suffix}: {error}") from None
        self._check_columns(names)
        if count == 0:
            raise BadInput(f"{self.path} holds no rows")
        return count

    def _check_columns(self, names: Sequence[str]) -> None:
        """Raise BadInput unless the file has what the service takes and is to be kept, no more."""
        columns = {column.name: column for column in self.schema.columns}
        if (twice := first_twice(names)) is not None:
            raise BadInput(f"{self.path} has two columns {twice!r}: rename one")
        unknown = [name for name in names if name not in columns and name not in self.keep]
        needed = [name for name, column in columns.items() if not column.nullable]
        for name in [*needed, *self.keep]:
            if name not in names:
                # What the service does not take is most often the name that was meant.
                close = difflib.get_close_matches(name, unknown, n=1)
                raise BadInput(
                    f"{self.path} has no column {name!r}"
                    + ("" if name in columns else ", which --keep names")
                    + (f", but has {close[0]!r}: rename it" if close else "")
                    + f"; its columns are {', '.join(names)}"
                )
        if unknown:
            close = difflib.get_close_matches(unknown[0], set(columns) - set(names), n=1)
            raise BadInput(
                f"{self.path} has a column {unknown[0]!r}, which the service does not take"
                f"{near(close)}: --keep {unknown[0]!r} copies it to the output, or leave it out of "
                "the file"
            )

    def pieces(self, rows: int, skip: int) -> Iterator[tuple[int, pa.Table]]:
        """(number of the first row, at most `rows` rows) from row `skip` on; rows count from 0.

        Raises BadRows, by the row of the file, for a cell of a CSV that is not of its column's
        type, and BadInput for a file that ends in the middle.
        """
        start = 0
        try:
            for batch in self._batches(rows):
                table = pa.Table.from_batches([batch])
                begin = max(0, skip - start)
                for offset in range(begin, table.num_rows, rows):
                    yield start + offset, self._typed(table.slice(offset, rows), start + offset)
                start += table.num_rows
        except (pa.ArrowInvalid, OSError) as error:
            raise BadInput(f"{self.path} cannot be read after row {start}: {error}") from None

    def _batches(self, rows: int) -> Iterator[pa.RecordBatch]:
        if self.path.suffix.lower() == ".parquet":
            with pq.ParquetFile(self.path) as file:
                yield from file.iter_batches(batch_size=rows)
        else:
            yield from self._batches_of_csv(rows)

    def _names_of_csv(self) -> list[str]:
        with self.path.open("rb") as file:
            head = decode(file.read(HEAD_BYTES), str(self.path), is_whole=False)
        return read_header(head, [column.name for column in self.schema.columns], str(self.path))

    def _batches_of_csv(self, rows: int) -> Iterator[pa.RecordBatch]:
        # Not by Arrow, which takes the rest of a file for one value where a quote is never closed.
        names = self._names_of_csv()
        with self.path.open(newline="", encoding="utf-8-sig") as lines:
            read = read_rows(lines, names, str(self.path))
            while some := list(islice(read, rows)):
                columns = [pa.array(cells, pa.string()) for cells in zip(*some, strict=True)]
                yield pa.RecordBatch.from_arrays(columns, names=names)

    def _typed(self, table: pa.Table, first: int) -> pa.Table:
        is_parquet = self.path.suffix.lower() == ".parquet"
        for column in self.schema.columns:
            if column.name in table.column_names:
                place = table.column_names.index(column.name)
                values = table[column.name]
                typed = _from_parquet if is_parquet else _from_text
                values = typed(column, values, first)
                table = table.set_column(place, column.name, values)
        return table


def _from_text(column: Column, values: Any, first: int) -> Any:
    """The same as `csv_rows.typed` says, of many cells."""
    if column.nullable or column.type != "string":
        values = pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)
    if column.type == "boolean":
        low = pc.utf8_lower(pc.utf8_trim_whitespace(values))
        yes, no = (pc.is_in(low, pa.array(words)) for words in (TRUE, FALSE))
        _check_all(pc.or_(yes, no), column, values, first)
        return pc.if_else(pc.is_valid(low), yes, None)
    wanted = _ARROW.get(column.type)
    if wanted is None:
        return values
    trimmed = pc.utf8_trim_whitespace(values)
    if column.type == "integer":
        whole = pc.replace_substring_regex(trimmed, f"^{WHOLE}$", r"\1\2")
        return _cast(column, whole, wanted, first)
    numbers = _cast(column, trimmed, wanted, first)
    _check_all(pc.is_finite(numbers), column, values, first)
    return numbers


def _check_all(right: Any, column: Column, values: Any, first: int) -> None:
    """Raise BadRows for the first value that is there and not right."""
    odd = pc.and_(pc.is_valid(values), pc.invert(pc.fill_null(right, False)))
    if pc.any(odd).as_py():
        raise _bad(column, values, odd.to_pylist().index(True), first)


def _from_parquet(column: Column, values: Any, first: int) -> Any:
    """The same in a type that a scorer reads: decimals, as databases have them, are numbers."""
    wanted = _ARROW.get(column.type)
    if pa.types.is_decimal(values.type) and wanted is not None:
        return _cast(column, values, wanted, first)
    return values.cast(pa.string()) if pa.types.is_string_view(values.type) else values


def _cast(column: Column, values: Any, wanted: Any, first: int) -> Any:
    try:
        return pc.cast(values, wanted)
    except pa.ArrowInvalid:
        row = next(n for n, value in enumerate(values) if not _casts(value, wanted))
        raise _bad(column, values, row, first) from None


def _casts(value: Any, wanted: Any) -> bool:
    try:
        value.cast(wanted)
    except pa.ArrowInvalid:
        return False
    return True


def _bad(column: Column, values: Any, row: int, first: int) -> BadRows:
    wanted = f"{'an' if column.type == 'integer' else 'a'} {column.type}"
    told = "text" if pa.types.is_string(values.type) else str(values.type)
    return BadRows(
        [
            {
                "row": first + row,
                "column": column.name,
                "problem": "wrong type",
                "got": f"{told} {values[row].as_py()!r:.60}",
                "wanted": wanted + (" or nothing" if column.nullable else ""),
            }
        ]
    )
