"""Tensors: V2's calls in JSON, each tensor typed by its column while it is parsed."""

from collections.abc import Callable, Sequence
from types import GenericAlias
from typing import Any

import msgspec

from scienceops.core.schema import Column, Schema
from scienceops.core.table import FEW_ROWS, Table
from scorer_container.columns import VALUE_TYPES, are_times, array_of

#: Names of numpy's types for those of tensors; BYTES is the other one.
NUMPY_TYPES = {
    "BOOL": "?", "UINT8": "<u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "INT8": "<i1",
    "INT16": "<i2", "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip
DATATYPES = frozenset({*NUMPY_TYPES, "BYTES"})


class Tensor(msgspec.Struct, gc=False):
    """One tensor, its data not parsed yet."""

    name: str
    shape: list[int]
    datatype: str
    data: msgspec.Raw
    parameters: dict[str, Any] | None = None


class TensorCall(msgspec.Struct):
    """What a call may hold, beside what nobody reads."""

    inputs: list[Tensor]
    id: Any = None
    parameters: Any = None
    outputs: Any = None


class TensorsDecoder:
    """Reads what is right at once. Of all else it says nothing: `V2Form` has the words for it."""

    def __init__(self, schema: Schema) -> None:
        self._columns = schema.columns
        self._places = {column.name: place for place, column in enumerate(schema.columns)}
        self._decode: Callable[[bytes], TensorCall] = msgspec.json.Decoder(TensorCall).decode
        self._decoders = [_decoder(column) for column in schema.columns]
        self._all_are_numbers = all(
            column.type == "number" and not column.nullable for column in schema.columns
        )

    def decode(self, body: bytes) -> tuple[dict[str, Any], Table] | None:
        """(what a call holds beside tensors, its rows); None if only a slower look can tell."""
        try:
            call = self._decode(body)
            columns = self._columns_of(call.inputs)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if columns is None or any(column is None for column in columns):
            return None
        counts = set(map(len, columns))
        if len(counts) != 1 or 0 in counts:
            return None
        others = {"id": call.id, "parameters": call.parameters, "outputs": call.outputs}
        return others, Table(columns, counts.pop())

    def _columns_of(self, tensors: Sequence[Tensor]) -> list[Any] | None:
        if not all(map(_is_plain, tensors)):
            return None
        if len(tensors) == 1 and len(self._columns) > 1:
            return self._of_one(tensors[0])
        columns: list[Any] = [None] * len(self._columns)
        for tensor in tensors:
            place, shape = self._places.get(tensor.name), tensor.shape
            if place is None or columns[place] is not None or shape[1:] not in ([], [1]):
                return None
            found = self._of_column(tensor, place)
            if found is None:
                return None
            columns[place] = found
        return columns

    def _of_one(self, tensor: Tensor) -> list[Any] | None:
        """The columns of a tensor that has them all."""
        width = len(self._columns)
        if not self._all_are_numbers or tensor.shape[1:] != [width]:
            return None
        values, count = self._decoders[0](tensor.data), tensor.shape[0]
        if len(values) != count * width:
            return None
        if count <= FEW_ROWS:
            return [values[place::width] for place in range(width)]
        array = array_of(values, len(values))
        return None if array is None else list(array.reshape(count, width).T.copy())

    def _of_column(self, tensor: Tensor, place: int) -> Any:
        column, values = self._columns[place], self._decoders[place](tensor.data)
        if tensor.shape[:1] != [len(values)]:
            return None
        if column.type == "number" and len(values) > FEW_ROWS:
            missing = column.nullable and None in values
            return values if missing else array_of(values, len(values))
        return values if column.type != "datetime" or are_times(values) else None


def _is_plain(tensor: Tensor) -> bool:
    # Parameters may say that the values are elsewhere.
    elsewhere = "binary_data_size" in (tensor.parameters or ())
    return tensor.datatype in DATATYPES and not elsewhere


def _decoder(column: Column) -> Callable[[msgspec.Raw], list[Any]]:
    kind = VALUE_TYPES[column.type]
    values = GenericAlias(list, (kind | None if column.nullable else kind,))
    decode: Callable[[msgspec.Raw], list[Any]] = msgspec.json.Decoder(values).decode
    return decode
