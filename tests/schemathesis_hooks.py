"""Hooks for schemathesis: bodies that JSON Schema has no words for, of the Iris model's columns."""

import io

import pyarrow as pa
import schemathesis
from hypothesis import strategies as st
from models import iris_rows

COLUMNS = list(iris_rows()[0])
numbers = st.floats(allow_nan=False, allow_infinity=False)
rows = st.lists(st.lists(numbers, min_size=4, max_size=4), min_size=1, max_size=5)


def to_csv(values: list[list[float]]) -> bytes:
    """With a header row."""
    return "\n".join([",".join(COLUMNS), *(",".join(map(repr, v)) for v in values)]).encode()


def to_arrow(values: list[list[float]]) -> bytes:
    """A stream of one batch."""
    table = pa.table(dict(zip(COLUMNS, map(list, zip(*values, strict=True)), strict=True)))
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as stream:
        stream.write_table(table)
    return out.getvalue()


schemathesis.openapi.media_type("text/csv", rows.map(to_csv))
schemathesis.openapi.media_type("application/vnd.apache.arrow.stream", rows.map(to_arrow))
