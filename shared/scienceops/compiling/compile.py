"""Compile: a trained model to a program."""

from collections.abc import Sequence
from typing import Any

import scienceops.compiling.compose
import scienceops.compiling.encoders
import scienceops.compiling.linear
import scienceops.compiling.preparation
import scienceops.compiling.trees  # noqa: F401  # They register what they lower.
from scienceops.compiled.program import Program
from scienceops.compiling.registry import CannotCompile, Flow, lower_predictor
from scienceops.core.schema import Schema
from scienceops.running.plain import to_plain


def compile_model(model: Any, schema: Schema) -> Program:
    """The model as a program; raises CannotCompile with the reason.

    That it answers as the model does is for `prove` to show.
    """
    flow = Flow.of(schema.columns)
    try:
        root = lower_predictor(model, flow)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        # A release of scikit-learn that keeps its numbers elsewhere.
        raise CannotCompile(f"{type(model).__name__}: {error}") from error
    classes = getattr(model, "classes_", None)
    return Program(root, None if classes is None else to_plain(classes), _width(model, flow))


def _width(model: Any, flow: Flow) -> int:
    widths = [flow.width]
    for part in _parts(model):
        widths += [getattr(part, "n_features_in_", 1), len(getattr(part, "vocabulary_", ()))]
    return max(widths)


def _parts(model: Any) -> Sequence[Any]:
    steps = getattr(model, "steps", None)
    return [model, *(p for _, step in steps for p in _parts(step))] if steps else [model]
