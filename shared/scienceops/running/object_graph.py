"""Object graph: every object that a fitted model is made of."""

from collections.abc import Iterator
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

_LEAVES = (str, bytes, bool, int, float, complex, type(None), ModuleType)


def reachable(root: Any) -> Iterator[Any]:
    """`root` and all it holds, each once: attributes, items, keys, object arrays, partials.

    Plain values are left out. Classes and functions are given but not looked into.

    >>> [type(item).__name__ for item in reachable([{"a": 1}, (2,)])]
    ['list', 'tuple', 'dict']
    """
    seen: dict[int, Any] = {}
    waiting = [root]
    while waiting:
        item = waiting.pop()
        if isinstance(item, _LEAVES) or id(item) in seen:
            continue
        # Holding the object keeps its id from being used again while the walk goes on.
        seen[id(item)] = item
        yield item
        waiting.extend(_held(item))


def _held(item: Any) -> list[Any]:
    if isinstance(item, type) or callable(getattr(item, "__code__", None)):
        return []
    held: list[Any] = []
    if isinstance(item, dict):
        held += [*item.keys(), *item.values()]
    elif isinstance(item, list | tuple | set | frozenset):
        held += item
    elif isinstance(item, np.ndarray):
        held += item.ravel().tolist() if item.dtype == object else []
    elif isinstance(item, partial):
        held += [item.func, item.args, item.keywords]
    attributes = getattr(item, "__dict__", None)
    if isinstance(attributes, dict):
        held.append(attributes)
    return held
