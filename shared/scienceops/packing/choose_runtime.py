"""Choose the runtime: the compiled model where it is proved to answer as the model does."""

from typing import Any

import pandas as pd

from scienceops.compiled import write_program
from scienceops.compiling import CannotCompile, compile_model
from scienceops.core.manifest import RuntimeChoice, RuntimeEntry
from scienceops.errors import BadInput
from scienceops.packing.prove import prove
from scienceops.running import Runner
from scienceops.running.compiled_runner import CompiledRunner
from scienceops.running.estimator_runner import EstimatorRunner


def choose_runtime(
    asked: RuntimeChoice, model: Any, original: Runner, frame: pd.DataFrame
) -> tuple[RuntimeEntry, bytes | None]:
    """What a scorer shall run, and the compiled model's file if it is that.

    original: the model as it will be loaded. frame: rows to prove it on, training rows at best.
    Raises BadInput when `compiled` was asked for and is not possible.
    """
    if asked not in ("auto", "compiled", "sklearn"):
        raise BadInput(f"runtime {asked!r} is none: wanted auto, compiled or sklearn")
    if asked == "sklearn":
        return RuntimeEntry(asked=asked, reason="asked for"), None
    try:
        if not isinstance(original, EstimatorRunner):
            raise CannotCompile("score.py runs as it is")
        program = compile_model(model, original.schema)
        proof = prove(CompiledRunner(program, original.schema), original, frame)
    except CannotCompile as error:
        if asked == "compiled":
            raise BadInput(
                f"the model cannot be compiled: {error}; pack it with runtime='auto' to serve it "
                "by scikit-learn"
            ) from None
        return RuntimeEntry(asked=asked, reason=str(error)), None
    entry = RuntimeEntry(
        kind="compiled",
        asked=asked,
        rows=proof.rows,
        largest_difference=proof.largest_difference,
        independent_rows=proof.independent_rows,
    )
    return entry, write_program(program)
