"""What an SDK's own models say of a request's body: fields, kinds and the values of its enums.

For SDKs that Microsoft's generator makes, whose models carry their REST names and annotations.
"""

import sys
import types
import typing
from collections.abc import Iterator
from enum import Enum
from typing import Any


def complaints(kind: Any, value: Any, path: str = "body") -> Iterator[str]:
    """Every way in which a JSON value is not what the model has it."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        yield from _of_union(arguments, value, path)
    elif origin is list:
        if not isinstance(value, list):
            yield f"{path}: wanted a list, got {value!r}"
            return
        for index, item in enumerate(value):
            yield from complaints(arguments[0], item, f"{path}[{index}]")
    elif origin is dict:
        for name, item in value.items():
            yield from complaints(arguments[1], item, f"{path}.{name}")
    elif isinstance(kind, type) and hasattr(kind, "_attr_to_rest_field"):
        yield from _of_model(kind, value, path)
    elif kind in (str, int, bool) and type(value) is not kind:
        yield f"{path}: wanted {kind.__name__}, got {value!r}"


def _of_union(kinds: tuple[Any, ...], value: Any, path: str) -> Iterator[str]:
    if value is None and type(None) in kinds:
        return
    wanted = [kind for kind in kinds if kind is not type(None)]
    enums = [kind for kind in wanted if isinstance(kind, type) and issubclass(kind, Enum)]
    if enums:
        known = [member.value for member in enums[0]]
        if value not in known:
            yield f"{path}: {value!r} is none of {known}"
        return
    yield from complaints(wanted[0], value, path)


def _of_model(model: type, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: wanted a {model.__name__}, got {value!r}"
        return
    fields: dict[str, Any] = model._attr_to_rest_field  # type: ignore[attr-defined]
    hints: dict[str, Any] = {}
    for base in reversed(model.__mro__):
        scope = vars(sys.modules[base.__module__])
        package = sys.modules[base.__module__].__package__ or ""
        names = {**scope, "_models": sys.modules.get(package)}
        hints.update(typing.get_type_hints(base, names) if base is not object else {})
    by_rest_name = {field._rest_name: (name, field) for name, field in fields.items()}
    for rest_name, item in value.items():
        if rest_name not in by_rest_name:
            yield f"{path}: {model.__name__} has no {rest_name!r}"
            continue
        name, field = by_rest_name[rest_name]
        if field._visibility == ["read"]:
            yield f"{path}.{rest_name} is Azure's to say"
        yield from complaints(hints[name], item, f"{path}.{rest_name}")
