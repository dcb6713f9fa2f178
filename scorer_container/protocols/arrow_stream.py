"""Arrow stream: a table out of bytes that anybody may have sent.

A stream can be small and unpack to much, and its offsets can point anywhere, so it is looked at
before anything is unpacked, and checked before anything is read.
Source: https://arrow.apache.org/docs/format/Columnar.html, Message.fbs and its encoding.
"""

import struct
from typing import Any

from scienceops.errors import BadInput

#: Of the texts of a column that names each once, written out.
MOST_TEXT_BYTES = 16 * 1024 * 1024
#: A boolean takes one bit, and nothing but rows without any value takes less.
_ROWS_OF_A_BYTE = 8
#: Of a message's fields, and of a batch's, in the order in which the format's schema names them.
_HEADER, _BATCH_OF_DICTIONARY, _LENGTH, _COMPRESSION = 2, 1, 0, 3


def read_stream(body: bytes) -> Any:
    """The stream as a pyarrow.Table of plain columns; raises BadInput for any other body."""
    import pyarrow as pa

    try:
        _check_batches(body)
        with pa.ipc.open_stream(pa.py_buffer(body)) as stream:
            listed = [place for place, field in enumerate(stream.schema) if _is_listed(field)]
            table = stream.read_all()
        table.validate(full=True)
    # ValueError: a name that is no UTF-8, too.
    except (pa.ArrowException, ValueError, OSError, EOFError, struct.error) as error:
        raise BadInput(f"the body is no Arrow stream: {error}") from None
    for place in listed:
        field = table.schema.field(place)
        table = table.set_column(place, field.name, _written_out(field, table.column(place)))
    return table


def _check_batches(body: bytes) -> None:
    """Raise BadInput where a batch has more to unpack, or more rows, than such a body can hold."""
    import pyarrow as pa

    rows, most = 0, _ROWS_OF_A_BYTE * len(body)
    for message in pa.ipc.MessageReader.open_stream(pa.py_buffer(body)):
        if message.type == "schema":
            continue
        metadata = message.metadata.to_pybytes()
        batch = _follow(metadata, _field(metadata, _follow(metadata, 0), _HEADER))
        if message.type == "dictionary":
            batch = _follow(metadata, _field(metadata, batch, _BATCH_OF_DICTIONARY))
        if _field(metadata, batch, _COMPRESSION):
            raise BadInput(
                "the Arrow stream has compressed buffers: write it without a compression, and "
                "compress the whole body with Content-Encoding where that is wanted"
            )
        if place := _field(metadata, batch, _LENGTH):
            rows += struct.unpack_from("<q", metadata, place)[0]
    if rows > most:
        raise BadInput(f"the Arrow stream tells of {rows} rows in {len(body)} bytes")


def _field(data: bytes, table: int, number: int) -> int:
    """Where a field of a FlatBuffers table has its value, 0 where it is left out."""
    (back,) = struct.unpack_from("<i", data, table)
    listed = table - back
    (size,) = struct.unpack_from("<H", data, listed)
    place = 4 + 2 * number
    if place + 2 > size:
        return 0
    (offset,) = struct.unpack_from("<H", data, listed + place)
    return table + offset if offset else 0


def _follow(data: bytes, place: int) -> int:
    (offset,) = struct.unpack_from("<I", data, place)
    return int(place + offset)


def _is_listed(field: Any) -> bool:
    """Whether a column names each of its values once; raises BadInput for a type of no column."""
    import pyarrow as pa

    kind, types = field.type, pa.types
    if types.is_primitive(kind):
        return False
    is_listed = types.is_dictionary(kind)
    if is_listed:
        kind = kind.value_type
    is_text = types.is_string(kind) or types.is_large_string(kind)
    if not (is_text or types.is_primitive(kind) or types.is_null(kind)):
        raise BadInput(
            f"column {field.name!r} has the Arrow type {field.type}: wanted numbers, booleans, "
            "strings or timestamps; cast it before it is sent"
        )
    return bool(is_listed)


def _written_out(field: Any, given: Any) -> Any:
    """A column whose values were named once each, with a value in each row."""
    import pyarrow.compute as pc

    if field.type.value_type in ("string", "large_string"):
        sizes = (pc.binary_length(part.dictionary).take(part.indices) for part in given.chunks)
        size = sum(pc.sum(part, min_count=0).as_py() for part in sizes)
        if size > MOST_TEXT_BYTES:
            raise BadInput(
                f"column {field.name!r} has {size} bytes of text when it is written out: wanted "
                f"{MOST_TEXT_BYTES} at most; send fewer rows at a time"
            )
    return given.cast(field.type.value_type)
