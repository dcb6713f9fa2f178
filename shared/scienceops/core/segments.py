"""Segments: Parquet objects of captured rows, as their version's layout has them."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from scienceops.core.captures import CaptureLayout
from scienceops.errors import BadSegment

_NAMED = {"timestamp[us, tz=UTC]": pa.timestamp("us", tz="UTC"), "bool": pa.bool_()}
#: How Arrow begins, of bytes that have no path.
_ARROW_SAYS = "Could not open Parquet input source '<Buffer>': "
#: What tells a row from all others, and where it belongs.
_IDENTITY = ("request_id", "row", "captured_at")


def segment_schema(layout: CaptureLayout) -> pa.Schema:
    """The columns of a version's segments."""
    return pa.schema(
        [(name, _NAMED.get(text) or getattr(pa, text)()) for name, text in layout.columns.items()]
    )


def read_segment(data: bytes, wanted: pa.Schema | None = None) -> Any:
    """The rows of a segment as an Arrow table; raises BadSegment saying what is wrong with it.

    wanted: the columns of its version's segments, if they are known.
    """
    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError) as error:
        why = str(error).removeprefix(_ARROW_SAYS).rstrip(".")
        raise BadSegment(f"it is no whole Parquet file ({why})") from error
    for field in wanted if wanted is not None else ():
        if field.name not in table.column_names:
            raise BadSegment(
                f"it has no column {field.name!r}, as all segments of its version have"
            )
        if (found := table.schema.field(field.name).type) != field.type:
            raise BadSegment(f"its column {field.name!r} is of type {found}, wanted {field.type}")
    for name in _IDENTITY:
        if name not in table.column_names or table[name].null_count:
            raise BadSegment(f"rows have no {name!r}")
    return table if wanted is None else table.select(wanted.names).cast(wanted)
