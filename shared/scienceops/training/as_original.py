"""As original: captured rows in the types of the training data that they are added to.

A type that would change a value gives way to a wider one; what fits none is told, by its value.
"""

from typing import Any

import numpy as np
import pandas as pd

from scienceops.core.schema import accept
from scienceops.errors import BadInput
from scienceops.running.frame import to_times

#: What pandas calls a column of objects by -> what each of its values is.
_OBJECTS = {"string": str, "boolean": bool}


def as_original(column: "pd.Series[Any]", original: "pd.Series[Any]") -> "pd.Series[Any]":
    """The column in the type of the original one, or in a wider one that holds all its values.

    column: as captured, None or NaN where missing. Raises BadInput with a value that is of another
    kind.

    >>> as_original(pd.Series([1, 300]), pd.Series([7], dtype="uint8")).tolist()
    [1, 300]
    """
    dtype = original.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return column.astype(object)
    if dtype.kind == "M":
        return _as_times(column, dtype)
    if dtype.kind in "iuf":
        return _as_numbers(column, dtype)
    if dtype.kind == "b":
        return _as_booleans(column, dtype)
    kind = _OBJECTS.get(pd.api.types.infer_dtype(original, skipna=True))
    if kind is not None:
        _check(column, ~column.map(lambda value: isinstance(value, kind)), kind.__name__)
    return column.astype(dtype)


def _as_numbers(column: "pd.Series[Any]", dtype: Any) -> "pd.Series[Any]":
    numbers = pd.to_numeric(column, errors="coerce")
    _check(column, numbers.isna(), dtype)
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            fitted = numbers.astype(dtype)
    except (TypeError, ValueError, OverflowError):
        # Missing values in a column of whole numbers, which end at infinity.
        return numbers
    if dtype.kind == "f":
        # Nearly all numbers are rounded in a narrower float, but none may become infinite.
        same = np.isfinite(fitted.astype(float)) == np.isfinite(numbers.astype(float))
    else:
        same = fitted.eq(numbers) | numbers.isna()
    return fitted if same.all() else numbers


def _as_booleans(column: "pd.Series[Any]", dtype: Any) -> "pd.Series[Any]":
    _check(column, ~column.map(lambda value: isinstance(value, bool | np.bool_)), dtype)
    if column.isna().any() and isinstance(dtype, np.dtype):
        return column.astype(object)
    return column.astype(dtype)


def _as_times(column: "pd.Series[Any]", dtype: Any) -> "pd.Series[Any]":
    # As the model gets them: in UTC, where the text names no zone.
    _check(column, ~column.map(lambda value: accept("datetime", value)[0]), dtype)
    times = to_times(column, errors="coerce")
    _check(column, times.isna(), dtype)
    zone = getattr(dtype, "tz", None)
    times = times.dt.tz_localize(None) if zone is None else times.dt.tz_convert(zone)
    fitted = times.astype(dtype)
    return fitted if (fitted.eq(times) | times.isna()).all() else times


def _check(column: "pd.Series[Any]", unfit: "pd.Series[Any]", dtype: Any) -> None:
    """Raise BadInput with the first value that is there, and is unfit."""
    wrong = column[unfit & column.notna()]
    if not wrong.empty:
        raise BadInput(
            f"{wrong.iloc[0]!r:.80} in column {column.name!r} of captured rows: wanted {dtype}, as "
            "in the training data; correct the labels, flag such rows wrong, or choose other days"
        )
