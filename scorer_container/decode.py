"""Decode: the rows of a request body, typed while they are parsed."""

from collections.abc import Callable
from functools import cached_property
from types import GenericAlias
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import astuple

from scienceops.core.schema import Column, Schema
from scienceops.core.table import FEW_ROWS, Table
from scorer_container.columns import VALUE_TYPES, are_times, columns_of_rows, table_at_a_glance
from scorer_container.field_names import are_field_names
from scorer_container.number_rows import NumberRows
from scorer_container.protocols.rows import columns_of_json, json_of, rows_of_json

if TYPE_CHECKING:
    from scorer_container.protocols.tensors import TensorsDecoder


class RowsDecoder:
    """Reads `{"input_df": [{...}]}` of one schema, and the other JSON forms.

    A typed decoder takes what is right at once. What it does not take is read again slowly, by
    `Schema.check_rows`, which alone decides and finds the words for what is wrong. Columns whose
    names no typed decoder can have are all read so.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._times = [i for i, c in enumerate(schema.columns) if c.type == "datetime"]
        self._decode: Callable[[bytes], Any] | None = None
        self._numbers: NumberRows | None = None
        if not are_field_names(column.name for column in schema.columns):
            return
        names = [f"c{place}" for place in range(len(schema.columns))]
        row = msgspec.defstruct(
            "Row",
            [_field(name, column) for name, column in zip(names, schema.columns, strict=True)],
            rename=dict(zip(names, (c.name for c in schema.columns), strict=True)),
            forbid_unknown_fields=True,
            kw_only=True,
            gc=False,
        )
        rows = GenericAlias(list, (row,))
        body = msgspec.defstruct(
            "Body",
            [("input_df", rows, None), ("dataframe_records", rows, None)],
            forbid_unknown_fields=True,
        )
        self._decode = msgspec.json.Decoder(body).decode
        if all(c.type == "number" and not c.nullable for c in schema.columns):
            self._numbers = NumberRows(row, names)

    def decode(self, body: bytes) -> Table:
        """The rows, checked; raises BadInput, or BadRows with every fault by row and column."""
        if self._decode is None:
            return self._decode_slowly(body)
        try:
            read = self._decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._decode_slowly(body)
        rows, others = read.input_df, read.dataframe_records
        if rows is None or others is not None:
            rows, others = others, rows
        if not rows or others is not None:
            return self._decode_slowly(body)
        count = len(rows)
        columns: list[Any]
        if count == 1:
            columns = [(value,) for value in astuple(rows[0])]
        elif count <= FEW_ROWS:
            columns = list(zip(*map(astuple, rows), strict=True))
        else:
            found = self._many(rows)
            if found is None:
                return self._decode_slowly(body)
            columns = found
        for place in self._times:
            if not are_times(columns[place]):
                return self._decode_slowly(body)
        return Table(columns, count)

    @cached_property
    def tensors(self) -> "TensorsDecoder":
        """Reads V2's tensors of the same schema."""
        # Only a scorer that is asked in this form needs it.
        from scorer_container.protocols.tensors import TensorsDecoder

        return TensorsDecoder(self.schema)

    def _many(self, rows: list[Any]) -> list[Any] | None:
        """The columns of many rows; None where a number is not finite."""
        if self._numbers is not None:
            return self._numbers.columns(rows)
        return columns_of_rows(rows, self.schema.columns)

    def _decode_slowly(self, body: bytes) -> Table:
        form, given = json_of(body)
        columns = columns_of_json(form, given, self.schema)
        found = None if columns is None else table_at_a_glance(columns, self.schema)
        if found is not None:
            return found
        rows = self.schema.check_rows(rows_of_json(form, given, self.schema))
        return Table.from_rows(rows, self.schema)


def _field(name: str, column: Column) -> Any:
    kind = VALUE_TYPES[column.type]
    return (name, kind | None, None) if column.nullable else (name, kind)
