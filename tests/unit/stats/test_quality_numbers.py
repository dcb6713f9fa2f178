"""Quality of a regression is right for labels of any size, however their rows are cut."""

import numpy as np
import pytest

from scienceops.core.stats.quality import Quality, measure_quality

LARGE = [0.0, 1e6, 1e8, 1e9, 1.7e9, -1.7e9]


def labels_and_answers(offset: float):
    random = np.random.default_rng(1)
    actual = offset + random.normal(0, 1, 1000)
    return actual, actual + random.normal(0, 0.9, 1000)


def cut(actual, told, parts: int = 7) -> list[Quality]:
    pieces = zip(np.array_split(actual, parts), np.array_split(told, parts), strict=True)
    return [Quality.of_numbers(*piece) for piece in pieces]


@pytest.mark.parametrize("offset", LARGE)
def test_r2_of_labels_far_from_zero_is_that_of_the_definition(offset):
    actual, told = labels_and_answers(offset)
    wanted = 1 - ((actual - told) ** 2).sum() / ((actual - actual.mean()) ** 2).sum()
    assert measure_quality(Quality.of_numbers(actual, told))["r2"] == pytest.approx(wanted)


@pytest.mark.parametrize("offset", LARGE)
def test_cut_rows_merge_to_the_whole_after_travelling_as_text(offset):
    actual, told = labels_and_answers(offset)
    travelled = [Quality.from_json(part.to_json()) for part in cut(actual, told)]
    merged = measure_quality(Quality.merge([Quality(), *reversed(travelled)]))
    assert merged == pytest.approx(measure_quality(Quality.of_numbers(actual, told)))


def test_errors_that_are_large_and_alike_keep_their_interval():
    random = np.random.default_rng(2)
    actual = random.normal(0, 1, 1000)
    told = actual + 1e9 + random.normal(0, 1, 1000)
    found = measure_quality(Quality.of_numbers(actual, told))
    errors = np.abs(told - actual)
    half = 1.96 * errors.std() / np.sqrt(len(errors))
    assert found["mae_high"] - found["mae"] == pytest.approx(half, rel=1e-3)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9 + 0.1])
def test_labels_that_are_all_the_same_have_no_r2(value):
    actual = np.full(1000, value)
    found = measure_quality(Quality.merge(cut(actual, actual + 0.5)))
    assert "r2" not in found
    assert found["rmse"] == pytest.approx(0.5)


def test_huge_labels_have_no_measure_that_no_float_holds():
    actual = np.array([1e200, -1e200, 3e200])
    found = measure_quality(Quality.of_numbers(actual, -actual))
    assert found["mae"] == pytest.approx(10e200 / 3)
    assert {"rmse", "r2"}.isdisjoint(found)
