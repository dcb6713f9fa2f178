"""The Open Inference Protocol, version 2: tensors in JSON, or in bytes after it.

Source: the KServe "Open Inference Protocol (V2)" specification, and Triton's "Binary Tensor Data
Extension".
"""

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from scienceops.core.schema import Schema, accept
from scienceops.core.table import Table
from scienceops.errors import BadInput, NotFound
from scienceops.problems import Problem
from scienceops.running import Shares
from scorer_container.columns import table_at_a_glance
from scorer_container.decode import RowsDecoder
from scorer_container.protocols.form import JSON, Answer, Sent
from scorer_container.protocols.rows import parse
from scorer_container.protocols.tensors import NUMPY_TYPES

#: Of a tensor; more than two are refused, by words that tell of the columns.
MOST_DIMENSIONS = 8
LENGTH_HEADER = "Inference-Header-Content-Length"
#: More than any length of a body has.
_MOST_DIGITS = 15


class V2Form:
    """One call; what it asks of its answer is read with its rows.

    json_length: bytes of the body that are JSON, as text; empty for all of them. path: of the
    call; the version in it, if there is one, must be the one that is served. outputs: names of
    what the model gives. What is asked for is checked before anything is scored: a call that
    cannot be answered is not captured.
    """

    def __init__(
        self,
        decoder: RowsDecoder,
        json_length: str,
        path: str,
        version: int,
        outputs: Sequence[str],
    ) -> None:
        self._decoder = decoder
        self._schema = decoder.schema
        self._length = json_length
        self._path = path
        self._version = version
        self._names = outputs
        self._asked: Mapping[str, Any] = {}

    def read(self, body: bytes) -> Table:
        """One tensor (rows, columns) in the schema's order, or one of (rows,) for each column."""
        _, between, rest_of_path = self._path.partition("/versions/")
        if between and rest_of_path != f"{self._version}/infer":
            raise NotFound(f"there is nothing at {self._path}; this is version {self._version}")
        if self._length and (not self._length.isdecimal() or len(self._length) > _MOST_DIGITS):
            raise BadInput(f"{LENGTH_HEADER} is {self._length!r}: wanted a number of bytes")
        if not self._length and (right := self._decoder.tensors.decode(body)) is not None:
            self._asked, rows_at_once = right
            self._check_outputs()
            return rows_at_once
        length = int(self._length or len(body))
        self._asked = self._document(body, length)
        self._check_outputs()
        inputs = self._asked.get("inputs")
        if not isinstance(inputs, list) or not inputs:
            raise BadInput('wanted {"inputs": [{"name", "shape", "datatype", "data"}]}')
        rest = memoryview(body)[length:]
        columns: dict[str, list[Any]] = {}
        for tensor in inputs:
            values, shape, used = _values(tensor, rest)
            rest = rest[used:]
            found = self._columns(str(tensor["name"]), values, shape)
            if twice := sorted(set(found) & set(columns)):
                raise BadInput(f"column {twice[0]!r} is there twice among the tensors")
            columns.update(found)
        counts = {len(values) for values in columns.values()}
        if len(counts) != 1:
            raise BadInput(f"the tensors have {sorted(counts)} rows, wanted as many in each")
        if (table := table_at_a_glance(columns, self._schema)) is not None:
            return table
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        return Table.from_rows(self._schema.check_rows(rows), self._schema)

    def write(self, answer: Answer) -> Sent:
        """`predict` (rows,), and `predict_proba` (rows, classes) with its labels as a parameter."""
        scored = answer.scored
        asked = [output["name"] for output in self._asked.get("outputs") or ()]
        made = {}
        if not asked or "predict" in asked:
            made["predict"] = _tensor("predict", scored.predictions)
        if not asked or "predict_proba" in asked:
            shares = scored.as_matrix()
            if shares is not None:
                made["predict_proba"] = _tensor_of(shares)
        document: dict[str, Any] = {
            "model_name": answer.service,
            "model_version": str(answer.version),
            "id": str(self._asked.get("id") or answer.request_id),
            "parameters": {"request_id": answer.request_id},
            "outputs": [made[name] for name in asked] or list(made.values()),
        }
        return self._sent(document)

    def refuse(self, problem: Problem) -> Sent:
        """`{"error": ...}`."""
        return Sent(JSON, msgspec.json.encode({"error": problem.document["detail"]}))

    def _document(self, body: bytes, length: int) -> Mapping[str, Any]:
        if length > len(body):
            raise BadInput(f"{LENGTH_HEADER} is {length}, and the body has {len(body)} bytes")
        try:
            document = parse(body[:length])
        except (ValueError, RecursionError) as error:
            raise BadInput(f"the body is no JSON: {error}") from None
        if not isinstance(document, dict):
            raise BadInput(f"the body holds {type(document).__name__}; wanted an object")
        return document

    def _check_outputs(self) -> None:
        _parameters(self._asked, "the call")
        identity = self._asked.get("id")
        if isinstance(identity, str) and not accept("string", identity)[0]:
            raise BadInput(f"id is {identity!a:.80}: wanted text, half a character is none")
        asked = self._asked.get("outputs")
        if asked is not None and not isinstance(asked, list):
            raise BadInput(f"outputs is {asked!r:.80}: wanted a list")
        for output in asked or ():
            name = output.get("name") if isinstance(output, dict) else output
            if not isinstance(output, dict) or name not in self._names:
                raise BadInput(f"there is no output {name!r:.80}: there are {self._names}")
            _parameters(output, f"output {name!r}")
        names = [output["name"] for output in asked or ()]
        if len(set(names)) < len(names):
            raise BadInput(f"an output is asked for twice: {names}")

    def _columns(self, name: str, values: list[Any], shape: list[int]) -> dict[str, list[Any]]:
        names = [column.name for column in self._schema.columns]
        if len(shape) == 2 and shape[1] == len(names) and (name not in names or shape[1] > 1):
            return {column: values[place :: shape[1]] for place, column in enumerate(names)}
        if len(shape) == 1 or (len(shape) == 2 and shape[1] == 1):
            if name not in names:
                raise BadInput(f"there is no column {name!r}: there are {', '.join(names)}")
            return {name: values}
        raise BadInput(
            f"tensor {name!r} has the shape {shape}: wanted [rows, {len(names)}] for all columns, "
            "or [rows] or [rows, 1] for the column of its name"
        )

    def _sent(self, document: dict[str, Any]) -> Sent:
        binary = b""
        asked = {o["name"]: o.get("parameters") or {} for o in self._asked.get("outputs") or ()}
        everything = (self._asked.get("parameters") or {}).get("binary_data_output", False)
        for output in document["outputs"]:
            if asked.get(output["name"], {}).get("binary_data", everything):
                data = _to_bytes(output.pop("data"), output["datatype"])
                output["parameters"] = {
                    **output.get("parameters", {}),
                    "binary_data_size": len(data),
                }
                binary += data
        head = msgspec.json.encode(document)
        if not binary:
            return Sent(JSON, head)
        return Sent("application/octet-stream", head + binary, {LENGTH_HEADER: str(len(head))})


def _values(tensor: Any, rest: memoryview) -> tuple[list[Any], list[int], int]:
    """(values in row-major order, shape, bytes of `rest` they took)."""
    if not isinstance(tensor, dict) or not {"name", "shape", "datatype"} <= set(tensor):
        raise BadInput("an input needs name, shape, datatype, and data")
    name, shape, kind = tensor["name"], tensor["shape"], tensor["datatype"]
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        raise BadInput(f"input {name!r} has the shape {shape!r}: wanted a list of whole numbers")
    if not isinstance(kind, str) or (kind not in NUMPY_TYPES and kind != "BYTES"):
        raise BadInput(
            f"input {name!r} has the datatype {kind!r}: wanted BYTES, {', '.join(NUMPY_TYPES)}"
        )
    size = _parameters(tensor, f"input {name!r}").get("binary_data_size")
    used = 0
    if size is None:
        values = _flat(tensor.get("data"))
    else:
        if type(size) is not int or not 0 <= size <= len(rest):
            raise BadInput(f"input {name!r} has binary_data_size {size!r}, {len(rest)} bytes came")
        used, values = size, _from_bytes(rest[:size], kind, name)
    if len(shape) > MOST_DIMENSIONS:
        raise BadInput(f"input {name!r} has the shape {shape!r:.80}: wanted [rows, columns]")
    if len(values) != (count := math.prod(shape)):
        wanted = count if count < sys.maxsize else "more"
        told = f"its shape {shape!r:.80} wants {wanted}"
        raise BadInput(f"input {name!r} has {len(values)} values, {told}")
    return values, shape, used


def _parameters(held: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    found = held.get("parameters") or {}
    if not isinstance(found, dict):
        raise BadInput(f"the parameters of {where} are {found!r:.80}: wanted an object")
    return found


def _flat(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise BadInput("an input's data is a list")
    values: list[Any] = data
    while values and all(isinstance(item, list) for item in values):
        values = [value for item in values for value in item]
    return values


def _from_bytes(data: memoryview, kind: str, name: object) -> list[Any]:
    if kind != "BYTES":
        dtype = np.dtype(NUMPY_TYPES[kind])
        if len(data) % dtype.itemsize:
            raise BadInput(f"input {name!r}: {len(data)} bytes are no whole number of {kind}")
        array = np.frombuffer(data, dtype=dtype)
        found: list[Any] = array.tolist()
        if kind.startswith("FP") and (missing := np.isnan(array)).any():
            # NaN is how a tensor of numbers says that one is missing.
            found = [None if nan else v for v, nan in zip(found, missing, strict=True)]
        return found
    texts: list[Any] = []
    while len(data):
        length = int.from_bytes(data[:4], "little")
        if len(data) < 4 + length:
            raise BadInput(f"input {name!r}: its bytes end within a value")
        try:
            texts.append(bytes(data[4 : 4 + length]).decode())
        except UnicodeDecodeError as error:
            raise BadInput(f"input {name!r}: no UTF-8: {error}") from None
        data = data[4 + length :]
    return texts


def _tensor(name: str, rows: Sequence[Any]) -> dict[str, Any]:
    values = rows
    kinds = set(map(type, values))
    if kinds == {bool}:
        datatype = "BOOL"
    elif kinds == {int}:
        datatype = "INT64"
    elif kinds and kinds <= {int, float}:
        datatype = "FP64"
    else:
        datatype = "BYTES"
    if datatype == "BYTES" and kinds != {str}:
        values = [v if isinstance(v, str) else msgspec.json.encode(v).decode() for v in values]
    return {"name": name, "shape": [len(rows)], "datatype": datatype, "data": values}


def _tensor_of(shares: Shares) -> dict[str, Any]:
    return {
        "name": "predict_proba",
        "shape": list(shares.matrix.shape),
        "datatype": "FP64",
        "parameters": {"labels": list(shares.labels)},
        "data": shares.matrix.ravel().tolist(),
    }


def _to_bytes(values: list[Any], datatype: str) -> bytes:
    if datatype != "BYTES":
        return np.array(values, dtype=NUMPY_TYPES[datatype]).tobytes()
    texts = [value.encode() for value in values]
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)


def describe(schema: Schema, service: str, version: int, has_shares: bool) -> dict[str, Any]:
    """The model's metadata."""
    kinds = {"number": "FP64", "integer": "INT64", "boolean": "BOOL"}
    inputs = [
        {"name": c.name, "datatype": kinds.get(c.type, "BYTES"), "shape": [-1]}
        for c in schema.columns
    ]
    outputs: list[dict[str, Any]] = [{"name": "predict", "datatype": "BYTES", "shape": [-1]}]
    if has_shares:
        outputs.append({"name": "predict_proba", "datatype": "FP64", "shape": [-1, -1]})
    return {
        "name": service,
        "versions": [str(version)],
        "platform": "scienceops",
        "inputs": inputs,
        "outputs": outputs,
    }
