"""Field types: whether what a file says of a step is of the types that the step states."""

from dataclasses import fields
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from scienceops.compiled.step import Step


def misfit(kind: type[Step], held: dict[str, Any]) -> str | None:
    """The first field whose value is not of its type; None when all are."""
    types = _types_of(kind)
    return next((name for name, value in held.items() if not _fits(value, types[name])), None)


def _types_of(kind: type[Step]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {part.name: hints[part.name] for part in fields(kind) if part.init}


def _fits(value: Any, wanted: Any) -> bool:
    """Whether a value is of a type, as far as a step's fields have them.

    >>> _fits([1, None], list[int | None]), _fits([True], list[int]), _fits("a", Literal["b"])
    (True, False, False)
    """
    origin, parts = get_origin(wanted), get_args(wanted)
    if wanted is Any:
        return True
    if origin in (Union, UnionType):
        return any(_fits(value, part) for part in parts)
    if origin is Literal:
        return value in parts
    if origin is list:
        return isinstance(value, list) and all(_fits(item, parts[0]) for item in value)
    if origin is np.ndarray:
        return isinstance(value, np.ndarray)
    if wanted in (int, float) and isinstance(value, bool):
        return False
    return isinstance(value, int | float if wanted is float else wanted)
