"""ONNX runner: a graph run by onnxruntime, its inputs fed from the columns of the schema."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scienceops.core.schema import Schema
from scienceops.core.table import Table
from scienceops.errors import BadPackage, ModelFailed
from scienceops.running.plain import to_plain
from scienceops.running.runner import Runner, Scored
from scienceops.running.shares import Shares

#: What a graph may ask for: its name of the type -> numpy's, and the columns that have it.
TENSORS: Mapping[str, tuple[Any, frozenset[str]]] = {
    "tensor(float)": (np.float32, frozenset({"number", "integer", "boolean"})),
    "tensor(double)": (np.float64, frozenset({"number", "integer", "boolean"})),
    "tensor(int64)": (np.int64, frozenset({"integer", "boolean"})),
    "tensor(int32)": (np.int32, frozenset({"integer", "boolean"})),
    "tensor(bool)": (np.bool_, frozenset({"boolean"})),
    "tensor(string)": (np.object_, frozenset({"string"})),
}
#: Only these have a value for what is missing.
_HAVE_NAN = ("tensor(float)", "tensor(double)")


class OnnxRunner(Runner):
    """Scores with a graph that has one input for all columns, or one for each by its name.

    classes: labels of a tensor of probabilities, which carries none itself.
    """

    def __init__(self, path: Path, schema: Schema, classes: Sequence[str] = ()) -> None:
        super().__init__(schema)
        self._session = open_session(path)
        self._classes = tuple(classes)
        inputs = self._session.get_inputs()
        self._is_matrix = takes_matrix(inputs, schema, file=path.name)
        self._inputs = {i.name: (TENSORS[i.type][0], len(i.shape)) for i in inputs}

    def predict_table(self, table: Table) -> Scored:
        """The first output with a value per row, and probabilities if any; raises ModelFailed."""
        try:
            outputs = self._session.run(None, self._feed(table))
        except Exception as error:
            raise ModelFailed(f"onnxruntime: {str(error).splitlines()[0]}") from error
        predictions: list[Any] | None = None
        shares: Shares | list[dict[str, float]] | None = None
        for output in outputs:
            if isinstance(output, list):
                shares = shares or [{str(k): float(v) for k, v in row.items()} for row in output]
            elif output.ndim == 2 and output.shape[1] == len(self._classes) > 1:
                shares = shares or Shares.told(self._classes, output, table.count)
            elif predictions is None and output.shape in ((table.count,), (table.count, 1)):
                predictions = to_plain(output.reshape(-1))
        if predictions is None:
            told = ", ".join(f"{o.name} {o.type}{o.shape}" for o in self._session.get_outputs())
            raise ModelFailed(
                f"no output of the graph has one value per row, it gives {told}; let it end in one "
                "prediction per row, or write a score.py"
            )
        return Scored(predictions, shares)

    def _feed(self, table: Table) -> dict[str, Any]:
        if self._is_matrix:
            ((name, (kind, _)),) = self._inputs.items()
            # A missing number is None in a list and NaN in a tensor.
            return {name: np.column_stack([_array(values, kind) for values in table.columns])}
        feed = {}
        for column, values in zip(self.schema.columns, table.columns, strict=True):
            kind, rank = self._inputs[column.name]
            array = _array(values, kind)
            feed[column.name] = array.reshape(-1, 1) if rank == 2 else array
        return feed


def open_session(path: Path) -> Any:
    """The graph in a file, ready to run on one thread; raises BadPackage."""
    try:
        import onnxruntime
    except ImportError:
        raise BadPackage(
            "it needs onnxruntime", file=path.name, fix="pip install onnx onnxruntime"
        ) from None
    options = onnxruntime.SessionOptions()
    # The web server's threads share the cores already.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Warnings are about optimisations that a graph missed.
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001  # The runtime raises types of its own.
        # onnxruntime has an exception for each of its status codes, and no class above them.
        raise BadPackage(
            f"onnxruntime cannot load it: {str(error).splitlines()[0]}",
            file=path.name,
            fix="export the model again",
        ) from None


def takes_matrix(inputs: Sequence[Any], schema: Schema, *, file: str) -> bool:
    """Whether one input takes all columns, not each its own; raises BadPackage if neither fits."""
    columns = {column.name: column for column in schema.columns}
    named = {i.name for i in inputs} == set(columns)
    wants = ", ".join(f"{i.name} {i.type}{i.shape}" for i in inputs)
    for tensor in inputs:
        if tensor.type not in TENSORS or len(tensor.shape) not in (1, 2):
            raise _misfit(f"input {tensor.name!r} is a {tensor.type}{tensor.shape}", file)
        taken = [columns[tensor.name]] if named else list(columns.values())
        for column in taken:
            if column.type not in TENSORS[tensor.type][1]:
                raise _misfit(f"column {column.name!r} is a {column.type}, the graph {wants}", file)
            if column.nullable and tensor.type not in _HAVE_NAN:
                raise _misfit(
                    f"column {column.name!r} may be missing, which a {tensor.type} cannot say", file
                )
    if named:
        return False
    width = inputs[0].shape[-1] if len(inputs) == 1 and len(inputs[0].shape) == 2 else 0
    if len(inputs) != 1 or (isinstance(width, int) and width != len(columns)):
        raise _misfit(f"the columns are {', '.join(columns)}, the graph takes {wants}", file)
    return True


def _array(values: Sequence[Any], kind: Any) -> Any:
    return np.array(values, dtype=kind)


def _misfit(reason: str, file: str) -> BadPackage:
    return BadPackage(
        reason,
        file=file,
        fix="wanted an input of numbers or text for each column by its name, or one "
        "[rows, columns] in the order of the schema",
    )
