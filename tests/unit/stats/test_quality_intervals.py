"""Intervals of quality stay where the measure can be."""

import numpy as np
import pytest

from scienceops.core.stats.quality import Quality, measure_quality


@pytest.mark.parametrize(
    ("quality", "measured"),
    [
        (Quality.of_numbers(np.array([1.0]), np.array([3.0])), {"mae": 2, "rmse": 2}),
        (Quality.of_classes(["a"], ["a"], np.array([1.0])), {"log_loss": 0}),
    ],
)
def test_an_error_of_one_row_has_no_interval(quality, measured):
    found = measure_quality(quality)
    for name, value in measured.items():
        assert found[name] == value
        assert {f"{name}_low", f"{name}_high"}.isdisjoint(found)


@pytest.mark.parametrize(
    ("measure", "quality"),
    [
        ("log_loss", Quality.of_classes(["a", "b"], ["a", "a"], np.array([1.0, 1e-12]))),
        ("mae", Quality.of_numbers(np.array([0.0, 100.0]), np.array([0.0, 1.0]))),
    ],
)
def test_an_error_of_two_rows_has_no_interval_below_zero(measure, quality):
    found = measure_quality(quality)
    assert found[f"{measure}_low"] == 0
    assert found[measure] < found[f"{measure}_high"]
