"""Plain values: what a model gives back, as JSON can carry it."""

import math
from datetime import date
from typing import Any


def to_plain(value: Any) -> Any:
    """The value as JSON types: numpy scalars by `item()`, arrays as lists, no NaN or infinity.

    >>> import numpy as np
    >>> to_plain([np.int64(1), np.str_("a"), float("nan"), np.array([True])])
    [1, 'a', None, [True]]
    """
    if value is None or isinstance(value, bool | str):
        # A numpy string is a str too; only the plain type has a stable repr.
        return str(value) if isinstance(value, str) else value
    if isinstance(value, int | float):
        number = value.item() if hasattr(value, "item") else value
        return number if math.isfinite(number) else None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return to_plain(value.tolist())
    raise TypeError(
        f"{type(value).__name__} {value!r:.80} is no JSON value: return numbers, text, "
        "booleans, or lists of them"
    )
