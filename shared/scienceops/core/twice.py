"""Twice: what is there a second time among names, of which anybody may send a million."""

from collections.abc import Hashable, Iterable
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


def first_twice(names: Iterable[T]) -> T | None:
    """The first that was there before, looking at each once; None where all differ.

    >>> first_twice(["a", "b", "b", "a"]), first_twice("ab")
    ('b', None)
    """
    seen: set[T] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
