"""Lighten: what a model that is not compiled can be served without, as far as that is proved."""

from dataclasses import replace

import pandas as pd

from scienceops.compiling.registry import CannotCompile
from scienceops.core.table import Table
from scienceops.errors import ScienceOpsError
from scienceops.packing.draft import Draft
from scienceops.packing.proof_rows import edge_rows, joined, known_rows, made_up_rows
from scienceops.packing.prove import prove_on, prove_one_by_one
from scienceops.running import Runner
from scienceops.running.estimator_runner import EstimatorRunner
from scienceops.running.matrix import takes_matrix

#: Fewer than a compiled model is proved on: here only the way to the same code is another.
ROWS = 300


def lighten(draft: Draft, runner: Runner, frame: pd.DataFrame) -> Draft:
    """The draft, served without DataFrames and its calls answered together, where answers agree.

    runner: the draft's model. frame: rows to prove it on. A model that has a score.py, or that is
    compiled, stays as it is.
    """
    if not isinstance(runner, EstimatorRunner) or draft.runtime.kind != "sklearn":
        return draft
    schema = draft.schema
    parts = [known_rows(frame, schema, ROWS), edge_rows(frame, schema)]
    table = joined([*parts, made_up_rows(frame, schema, ROWS)])
    if draft.model.input == "frame" and takes_matrix(schema):
        entry = draft.model.model_copy(update={"input": "values"})
        lighter = replace(draft, model=entry)
        if _answers_alike(lighter, runner, table):
            draft = lighter
    try:
        prove_one_by_one(runner, table)
    except CannotCompile:
        return draft
    independent = draft.runtime.model_copy(update={"independent_rows": True})
    return replace(draft, runtime=independent)


def _answers_alike(lighter: Draft, runner: Runner, table: Table) -> bool:
    try:
        with lighter.running() as light:
            prove_on(light, runner, table)
    except (CannotCompile, ScienceOpsError):
        return False
    return True
