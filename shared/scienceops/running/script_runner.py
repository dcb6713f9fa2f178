"""Script runner: the package's own score.py, with `init()` and `run(input_df)`."""

import importlib.util
import itertools
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from scienceops.core.schema import Schema
from scienceops.core.table import Table
from scienceops.errors import ModelFailed
from scienceops.running.azureml_names import azureml_names
from scienceops.running.frame import table_to_frame
from scienceops.running.plain import to_plain
from scienceops.running.runner import Runner, Scored

SCRIPT = "score.py"

#: Scripts written for Azure ML look here for the folder of their model.
MODEL_FOLDER = "AZUREML_MODEL_DIR"

_numbers = itertools.count()
_inside = threading.Lock()


class ScriptRunner(Runner):
    """Runs `init()` once, inside the unpacked package's folder, then `run(input_df)` per call."""

    def __init__(self, folder: Path, schema: Schema, model_file: str | None = None) -> None:
        super().__init__(schema)
        path = None if model_file is None else folder / model_file
        with _working_in(folder), azureml_names(path), _blaming(SCRIPT):
            module = _import(folder / SCRIPT)
            init = getattr(module, "init", None)
            if init is not None:
                init()
        run = getattr(module, "run", None)
        if not callable(run):
            raise ModelFailed(f"{SCRIPT} has no function run(input_df): define it")
        self._run = run

    def predict_table(self, table: Table) -> Scored:
        """What run(input_df) makes of the rows; raises ModelFailed."""
        frame = table_to_frame(table, self.schema)
        with _blaming("run(input_df)"):
            result = self._run(frame)
        with _blaming("the result of run(input_df)"):
            return as_scored(result, table.count)


def as_scored(result: Any, count: int) -> Scored:
    """What run() returned, as Scored: text, predictions, or a dict with probabilities too.

    >>> as_scored('"setosa"', 2).reply
    '"setosa"'
    >>> as_scored({"predictions": [1], "probabilities": [{"0": 0.2, "1": 0.8}]}, 1).probabilities
    [{'0': 0.2, '1': 0.8}]
    """
    if isinstance(result, str):
        return Scored([str(result)] * count, reply=str(result))
    probabilities = None
    if isinstance(result, dict):
        unknown = sorted(map(str, set(result) - {"predictions", "probabilities"}))
        if unknown or "predictions" not in result:
            raise ModelFailed(
                f"run(input_df) returned a dict with the keys {sorted(map(str, result))}: wanted "
                "'predictions' and, if there are any, 'probabilities'"
            )
        probabilities = result.get("probabilities")
        result = result["predictions"]
    predictions = _per_row(result, count, "predictions")
    if probabilities is None:
        return Scored(predictions)
    shares = _per_row(probabilities, count, "probabilities")
    if not all(isinstance(row, dict) for row in shares):
        raise ModelFailed("probabilities of run(input_df): wanted one {class: share} per row")
    return Scored(predictions, [{k: float(v) for k, v in row.items()} for row in shares])


def _per_row(values: Any, count: int, what: str) -> list[Any]:
    plain = to_plain(values.to_numpy() if hasattr(values, "to_numpy") else values)
    if not isinstance(plain, list):
        raise ModelFailed(
            f"run(input_df) returned {type(values).__name__}: wanted text, a list with one "
            "prediction per row, or a dict with 'predictions'"
        )
    if len(plain) != count:
        raise ModelFailed(f"run(input_df) returned {len(plain)} {what} for {count} rows")
    # A frame or array with one column is one value per row.
    if all(isinstance(item, list) and len(item) == 1 for item in plain):
        return [item[0] for item in plain]
    return plain


def _import(path: Path) -> ModuleType:
    # A number of its own keeps two packages in one process from sharing globals.
    name = f"scienceops_score_{next(_numbers)}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ModelFailed(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    """The folder as working directory: `joblib.load("model.pkl")` is how such scripts load."""
    # The working directory belongs to the process, so two scripts may not start at once.
    with _inside:
        before, stated = Path.cwd(), os.environ.get(MODEL_FOLDER)
        os.environ[MODEL_FOLDER] = str(folder.resolve())
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)
            del os.environ[MODEL_FOLDER]
            if stated is not None:
                os.environ[MODEL_FOLDER] = stated


@contextmanager
def _blaming(what: str) -> Iterator[None]:
    try:
        yield
    except ModelFailed:
        raise
    except Exception as error:
        # Whatever the script raises is the model's failure, not the server's.
        raise ModelFailed(f"{what} raised {type(error).__name__}: {error}") from error
