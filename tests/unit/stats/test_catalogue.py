"""Statistics of a feature say nothing that its rows cannot have."""

from dataclasses import replace

import numpy as np
import pytest

from scienceops.core.stats.baseline import Baseline, build_baseline
from scienceops.core.stats.catalogue import STATISTICS, Feature, compute
from scienceops.core.stats.category import LABELS_KEPT, OTHER
from scienceops.core.stats.hashing import sequence_keys
from scienceops.core.stats.meanings import MEANINGS, meaning
from scienceops.core.stats.partials import ColumnPartial, summarise_labels, summarise_numbers
from scienceops.core.stats.quality import Quality, measure_quality
from scienceops.core.stats.verdicts import compare


def statistics(part: ColumnPartial, baseline: Baseline | None = None) -> dict[str, float]:
    then = None if baseline is None else baseline.columns["x"]
    return dict(compute(Feature("x", part, then, compare(then, part))))


def of_categories(values: list[str]) -> Baseline:
    return build_baseline({"x": values}, {"x": "category"})


def test_rows_never_have_more_distinct_values_than_there_are():
    for seed in range(5):
        values = np.random.default_rng(seed).random(3000)
        found = statistics(summarise_numbers(values, sequence_keys(3000)))
        assert found["distinct"] <= found["count"] == 3000


def test_a_category_of_training_that_is_named_as_the_pool_is_not_unseen():
    baseline = of_categories(["a", OTHER] * 50)
    assert statistics(summarise_labels({"a": 5, OTHER: 7}, 0), baseline)["unseen_categories"] == 0
    found = statistics(summarise_labels({"a": 5, OTHER: 7, "b": 2}, 0), baseline)
    assert found["unseen_categories"] == 2


def test_pooled_categories_are_unseen_where_training_has_none_of_that_name():
    day = {f"id{n}": 1 for n in range(LABELS_KEPT + 5)}
    found = statistics(summarise_labels({**day, OTHER: 7}, 0), of_categories(["a"] * 50))
    assert found["unseen_categories"] == LABELS_KEPT + 12


@pytest.mark.parametrize("sign", ["x", "é", "\U0001f389", '"', "\x01"])
def test_labels_of_any_length_have_names_that_fit_the_tables(sign):
    # They end at 256 UTF-16 units, see adapters/sql/tables.py.
    long = [sign * 5000 + end for end in "ab"]
    named = [*statistics(summarise_labels(dict.fromkeys(long, 1), 0))]
    counts = [name for name in named if name.startswith("category_count:")]
    quality = Quality.of_classes([long[0]] * 2, long, np.zeros(0))
    pairs = [name for name in measure_quality(quality) if name.startswith("confusion:")]
    assert (len(counts), len(pairs)) == (2, 2)
    assert all(len(name.encode("utf-16-le")) <= 2 * 256 for name in counts + pairs)


def test_every_statistic_has_a_meaning_for_who_looks_at_its_chart():
    classes = Quality.of_classes(["a", "b"], ["a", "a"], np.array([0.1, 0.9]))
    numbers = Quality.of_numbers(np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 5.0]))
    numbers = replace(numbers, unanswered=1)
    measured = {*measure_quality(classes), *measure_quality(numbers), "unmatched_labels"}
    assert [name for name in [*STATISTICS, *measured] if not meaning(name)] == []
    told = {name.partition(":")[0] for name in [*STATISTICS, *measured]}
    assert set(MEANINGS) - told == set()
