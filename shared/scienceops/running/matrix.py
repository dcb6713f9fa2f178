"""Matrix: rows of numbers as one array, as a DataFrame's values would be, without a DataFrame."""

from typing import Any

import numpy as np

from scienceops.core.schema import Schema
from scienceops.core.table import Table


def takes_matrix(schema: Schema) -> bool:
    """Whether every column holds numbers."""
    return all(column.kind == "number" for column in schema.columns)


def matrix_of(table: Table, schema: Schema) -> Any:
    """Shape (rows, columns): int64 when every column is whole and never missing, else float64.

    It is laid out by column, as pandas lays it out, since sums of floats depend on the order.

    >>> from scienceops.core.schema import Column
    >>> matrix_of(Table([[1, 2], [3.5, None]], 2), Schema((Column("a", "integer"),
    ...     Column("b", "number", nullable=True)))).tolist()
    [[1.0, 3.5], [2.0, nan]]
    """
    whole = all(column.type == "integer" and not column.nullable for column in schema.columns)
    return np.array(table.columns, dtype=np.int64 if whole else np.float64).T
