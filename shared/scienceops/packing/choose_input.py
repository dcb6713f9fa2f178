"""Choose the input: what an estimator was trained on, found by asking it with the sample."""

import warnings
from collections.abc import Sequence
from typing import Any

import pandas as pd

from scienceops.core.manifest import ModelInput
from scienceops.core.schema import Schema
from scienceops.errors import BadInput, ModelFailed
from scienceops.running.estimator_runner import EstimatorRunner
from scienceops.running.frame import as_input
from scienceops.running.runner import Scored

#: Told of one refusal, in characters.
MOST_SAID = 400


def choose_input(
    model: Any, sample: pd.DataFrame, schema: Schema, *, came_as_array: bool
) -> tuple[ModelInput, Scored]:
    """The form of input that the estimator answers, and its answers to the sample.

    The forms are tried in turn: a DataFrame, its only column (a text vectoriser reads a DataFrame
    as a list of column names, and gives too few answers), the values alone. Raises BadInput with
    what the estimator said to each.
    """
    forms: list[ModelInput] = ["frame", "column"] if len(sample.columns) == 1 else ["frame"]
    forms.insert(0 if came_as_array else len(forms), "array")
    said = []
    for form in forms:
        try:
            return form, _ask(model, sample, schema, form)
        except Exception as error:  # noqa: BLE001  # Whatever a wrong form makes the model raise.
            # scikit-learn names the columns that lack, or are too many, in lines of their own.
            words = " ".join(str(error).split())
            words = words if len(words) <= MOST_SAID else words[: MOST_SAID - 3] + "..."
            said.append(f"{form}: {type(error).__name__}: {words}")
    raise BadInput(
        f"{type(model).__name__} does not answer the sample ({'; '.join(said)}); give rows as in "
        "training, without the target, and a fitted model with predict()"
    )


def _ask(model: Any, sample: pd.DataFrame, schema: Schema, form: ModelInput) -> Scored:
    # One row would hide that a model answers once for the whole input.
    asked = pd.concat([sample, sample], ignore_index=True) if len(sample) == 1 else sample
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # scikit-learn warns when a model gets names that it was trained without.
        warnings.filterwarnings("error", message=".*feature names.*")
        scored = EstimatorRunner(model, schema, form).predict_input(
            as_input(asked, form), len(asked)
        )
    if len(sample) == 1:
        return scored.part(0, 1)
    return scored


def check_same_answers(asked: Scored, served: Scored) -> None:
    """Raise ModelFailed when the packed model answers otherwise than the one that was packed."""
    for index, (here, there) in enumerate(zip(asked.predictions, served.predictions, strict=True)):
        if isinstance(here, list | dict):
            raise ModelFailed(
                f"the model gives several values for a row (row {index}: {here!r:.60}); write a "
                "score.py whose run() returns one prediction per row"
            )
        if here is None:
            raise ModelFailed(f"the model predicts NaN or infinity for row {index} of the sample")
        if not _same(here, there):
            raise _otherwise(index, "", here, there)
    for index, (left, right) in enumerate(
        zip(asked.probabilities or (), served.probabilities or (), strict=True)
    ):
        for label in left:
            if not _same(left[label], right[label]):
                raise _otherwise(index, f"{label!r} by ", left[label], right[label])


def _otherwise(row: int, what: str, here: Any, there: Any) -> ModelFailed:
    return ModelFailed(
        f"row {row} of the sample: the model says {what}{here!r} here, but {there!r} when the row "
        "comes as JSON; most often a missing value is None where NaN was trained, or a column has "
        "a dtype that JSON cannot carry: let the pipeline convert it"
    )


def _same(here: Any, there: Any) -> bool:
    if isinstance(here, float) and isinstance(there, float):
        return abs(here - there) <= 1e-9 * max(1.0, abs(here))
    return type(here) is type(there) and bool(here == there)


def is_array(data: Any) -> bool:
    """Whether data has no column names of its own.

    >>> is_array([[1, 2]]), is_array([{"a": 1}]), is_array(pd.DataFrame({"a": [1]}))
    (True, False, False)
    """
    if isinstance(data, pd.DataFrame | pd.Series):
        return False
    return not (isinstance(data, Sequence) and all(isinstance(row, dict | str) for row in data))
