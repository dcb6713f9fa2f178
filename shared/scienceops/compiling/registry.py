"""Registry: which scikit-learn classes can be lowered, and how."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from scienceops.compiled.columns import Chain, Finite, Numbers
from scienceops.compiled.step import Step, is_missing
from scienceops.core.schema import Column


class CannotCompile(Exception):
    """The model stays with scikit-learn, and why."""


@dataclass(frozen=True)
class Flow:
    """What arrives at a step.

    width: columns. missing: whether NaN may be among its numbers, or infinity. columns: of the
    schema, while the values are as they were sent; None once they are numbers. sparse: SparseRows.
    """

    width: int
    missing: bool
    columns: tuple[Column, ...] | None = None
    sparse: bool = False

    @classmethod
    def of(cls, columns: Sequence[Column]) -> "Flow":
        """What a call brings."""
        return cls(len(columns), any(c.nullable for c in columns), tuple(columns))


#: A transformer's step, and what it hands on.
Lowered = tuple[Step, Flow]
Transform = Callable[[Any, Flow], Lowered]
Predict = Callable[[Any, Flow], Step]

_Lower = TypeVar("_Lower")

_TRANSFORMS: dict[str, Transform] = {}
_PREDICTS: dict[str, Predict] = {}


def transforms(*names: str) -> Callable[[Transform], Transform]:
    """Register how transformers of these classes of scikit-learn are lowered."""

    def register(lower: Transform) -> Transform:
        _TRANSFORMS.update(dict.fromkeys(names, lower))
        return lower

    return register


def predicts(*names: str) -> Callable[[Predict], Predict]:
    """Register how predictors of these classes of scikit-learn are lowered."""

    def register(lower: Predict) -> Predict:
        _PREDICTS.update(dict.fromkeys(names, lower))
        return lower

    return register


def lower_transformer(transformer: Any, flow: Flow) -> Lowered:
    """The transformer's step, and what it makes of the flow; raises CannotCompile."""
    return _of_class(_TRANSFORMS, transformer)(transformer, flow)


def lower_predictor(estimator: Any, flow: Flow) -> Step:
    """The step whose answers are the estimator's; raises CannotCompile."""
    # Asked first, for a network counts its classes as outputs.
    lower = _of_class(_PREDICTS, estimator)
    classes = getattr(estimator, "classes_", None)
    if isinstance(classes, list) or getattr(estimator, "n_outputs_", 1) not in (1, None):
        raise CannotCompile(f"{type(estimator).__name__} has several targets")
    return lower(estimator, flow)


def _of_class(known: dict[str, _Lower], made: Any) -> _Lower:
    kind = type(made)
    # Exactly that class: what inherits from it may do otherwise.
    if not kind.__module__.startswith("sklearn.") or kind.__name__ not in known:
        raise CannotCompile(f"{kind.__name__} has no compiled form yet")
    return known[kind.__name__]


def numbers(flow: Flow, *, missing: bool = False) -> list[Step]:
    """Steps that make numbers of a flow; missing: whether NaN may stay. Raises CannotCompile."""
    for column in flow.columns or ():
        if column.type in ("string", "datetime"):
            raise CannotCompile(f"column {column.name!r} is {column.type} where numbers are used")
    steps: list[Step] = [Numbers()]
    if flow.missing:
        steps.append(Finite(missing=missing))
    return steps


def chain(*steps: Step) -> Step:
    """The steps as one."""
    flat: list[Step] = []
    for part in steps:
        flat += part.steps if isinstance(part, Chain) else [part]
    return flat[0] if len(flat) == 1 else Chain(flat)


def plain(values: Any) -> list[Any]:
    """An array's values as JSON has them, None for NaN."""
    return [None if is_missing(value) else value for value in values.tolist()]
