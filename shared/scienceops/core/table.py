"""Table: checked rows by column, the form in which they are scored and captured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scienceops.core.schema import Schema

#: Up to so many rows, lists cost less than arrays.
FEW_ROWS = 64
#: Rows of several calls that are computed together. Among so many, a compiled model answers a row
#: to the bit as it does alone.
ROWS_TOGETHER = 512


# Not frozen: each call makes one, and a frozen one takes three times as long to make.
@dataclass(slots=True)
class Table:
    """Values that passed the schema: a sequence per column, in its order, each `count` long.

    A value is what `Schema.check_rows` makes of it, None where missing. A column of numbers without
    missing ones may be an array.
    """

    columns: Sequence[Sequence[Any]]
    count: int

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, Any]], schema: Schema) -> "Table":
        """The rows that `Schema.check_rows` returned.

        >>> from scienceops.core.schema import Column
        >>> Table.from_rows([{"a": 1.0}, {"a": 2.0}], Schema((Column("a", "number"),)))
        Table(columns=[[1.0, 2.0]], count=2)
        """
        return cls([[row[column.name] for row in rows] for column in schema.columns], len(rows))
