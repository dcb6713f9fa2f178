"""Captured rows join the training data with the values that they had."""

import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from scienceops.errors import BadInput
from scienceops.training.as_original import as_original


def column(*values, dtype=object):
    return pd.Series(list(values), name="x", dtype=dtype)


def joined(captured, original):
    """What a training set holds of captured values."""
    fitted = as_original(captured, original)
    # A frozen set is a Parquet file, which has one type a column.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        together = pd.concat([original, fitted], ignore_index=True)
    back = pa.Table.from_pandas(together.to_frame("x"))["x"].to_pylist()
    return [None if pd.isna(value) else value for value in back[len(original) :]]


@pytest.mark.parametrize(
    ("original", "captured", "wanted"),
    [
        (column(1, 2, dtype="uint8"), [300, -1, 5], [300, -1, 5]),
        (column(1, 2, dtype="int8"), [130], [130]),
        (column(1, 2, dtype="int64"), [5, None], [5, None]),
        (column(1, 2, dtype="Int64"), [5, None], [5, None]),
        (column(1, 2, dtype="int64"), [3.7, 2.0], [3.7, 2.0]),
        (column(1, 2, dtype="int64"), [1e30, 2.0], [1e30, 2.0]),
        (column(1, 2, dtype="int64"), ["7", "8"], [7, 8]),
        (column(1, 2, dtype="float32"), [1e300, 0.5], [1e300, 0.5]),
        (column(1, 2, dtype="float32"), [None, 0.5], [None, 0.5]),
        (column(True, False, dtype="bool"), [True, None], [True, None]),
        (column(True, False, dtype="bool"), [None, None], [None, None]),
        (column(True, False, dtype="boolean"), [True, None], [True, None]),
        (column(True, None), [False, None], [False, None]),
        (column("a", "b", dtype="category"), ["c", None], ["c", None]),
        (column("a", "b", dtype="string"), ["", None], ["", None]),
        (column("a", None), ["", None], ["", None]),
    ],
)
def test_a_value_is_what_was_captured_whatever_type_training_had(original, captured, wanted):
    assert joined(pd.Series(captured, dtype=object), original) == wanted


@pytest.mark.parametrize("dtype", ["datetime64[ns]", "datetime64[s]", "datetime64[ns, UTC]"])
def test_times_of_any_offset_are_moments_in_utc_as_the_model_gets_them(dtype):
    original = pd.Series(pd.to_datetime(["2026-01-01"]), name="x")
    original = original.dt.tz_localize("UTC") if "UTC" in dtype else original.astype(dtype)
    # The hour that summer time leaves out, and no offset at all.
    captured = column("2026-03-29T02:30:00+02:00", "2026-03-29T02:30:00", "2026-03-29", None)
    found = as_original(captured, original)
    assert found.dtype == dtype
    texts = [None if pd.isna(at) else at.strftime("%dT%H:%M") for at in found]
    assert texts == ["29T00:30", "29T02:30", "29T00:00", None]


def test_a_moment_is_not_cut_to_the_seconds_of_training():
    original = pd.Series(pd.to_datetime(["2026-01-01"]), name="x").astype("datetime64[s]")
    found = as_original(column("2026-03-29T02:30:00.5"), original)
    assert found[0].microsecond == 500_000


@pytest.mark.parametrize(
    ("original", "value"),
    [
        (column(1, 2, dtype="int64"), "unknown"),
        (column(1.0, 2.0, dtype="float64"), "unknown"),
        (column(True, False, dtype="bool"), "no"),
        (column(True, False, dtype="bool"), 1.0),
        (pd.Series(pd.to_datetime(["2026-01-01"])), "soon"),
        (column("a", "b"), 5.0),
        (column(True, None), "yes"),
    ],
)
def test_a_value_of_another_kind_is_told(original, value):
    with pytest.raises(BadInput, match=rf"{value!r} in column 'x'.*training data"):
        as_original(column(None, value), original)


def test_numbers_that_fit_keep_the_type_of_training():
    original = pd.Series(np.arange(3), dtype="int16")
    assert as_original(column(5, 6), original).dtype == "int16"
