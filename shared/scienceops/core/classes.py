"""Classes: which class of a model a label means."""

import math
from collections.abc import Iterable, Mapping

from scienceops.core.labels import Value

_BOOLEANS = {"False": 0.0, "True": 1.0}


class Classes:
    """The classes of a model by their text, and where all are numbers or booleans, by value.

    JSON takes 1 and 1.0 for one number, and a table with gaps holds 1 as 1.0.

    >>> Classes(["0", "1"]).meant_by("1.0"), Classes(["False", "True"]).meant_by("0")
    ('1', 'False')
    >>> Classes(["1.9", "1.10"]).meant_by("1.1")
    '1.1'
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._by_value = _by_value(self._names)

    def meant_by(self, label: Value) -> Value:
        """The class that is meant; the label itself when it is of none."""
        if not isinstance(label, str) or label in self._names or not self._by_value:
            return label
        value = _value_of(label)
        return label if value is None else self._by_value.get(value, label)


def _by_value(names: Iterable[str]) -> Mapping[float, str]:
    """Value -> class; empty unless each is written as a number alone is, and no two are equal."""
    found: dict[float, str] = {}
    for name in names:
        value = _value_of(name)
        written = () if value is None else (repr(value), f"{value:.0f}", *_BOOLEANS)
        if value is None or name not in written or value in found:
            return {}
        found[value] = name
    return found


def _value_of(text: str) -> float | None:
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
