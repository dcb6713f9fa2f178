"""Partials: any cut and any order of merging give the day; the stated errors hold."""

import numpy as np
import pytest

from scienceops.core.stats import partials
from scienceops.core.stats.baseline import build_baseline
from scienceops.core.stats.category import LABELS_KEPT, OTHER, Labels
from scienceops.core.stats.codec import from_parquet, to_parquet
from scienceops.core.stats.hashing import hash_strings
from scienceops.core.stats.sketches import DistinctSketch

EDGES = np.linspace(-3, 3, 11)


def whole_and_parts(seed: int, rows: int = 20_000):
    random = np.random.default_rng(seed)
    values = random.normal(size=rows)
    values[random.uniform(size=rows) < 0.03] = np.nan
    keys = random.integers(0, 2**63, size=rows).astype(np.uint64)
    cuts = np.sort(random.choice(np.arange(1, rows), size=6, replace=False))
    pieces = zip(np.split(values, cuts), np.split(keys, cuts), strict=True)
    parts = [partials.summarise_numbers(v, k, EDGES) for v, k in pieces]
    return values, partials.summarise_numbers(values, keys, EDGES), parts, random


@pytest.mark.parametrize("seed", range(8))
def test_a_cut_column_merges_to_the_whole_in_any_order(seed):
    values, whole, parts, random = whole_and_parts(seed)
    known = values[~np.isnan(values)]
    for _ in range(3):
        random.shuffle(parts)
        merged = partials.merge(parts)
        assert (merged.rows, merged.missing) == (whole.rows, whole.missing)
        assert merged.numbers.moments.mean == pytest.approx(known.mean(), rel=1e-9)
        deviation = merged.numbers.moments.standard_deviation
        assert deviation == pytest.approx(known.std(ddof=1), rel=1e-9)
        assert (merged.numbers.minimum, merged.numbers.maximum) == (known.min(), known.max())
        assert merged.numbers.histogram.tolist() == whole.numbers.histogram.tolist()
        assert merged.numbers.sample.values.tolist() == whole.numbers.sample.values.tolist()
        assert merged.distinct.estimate == whole.distinct.estimate


@pytest.mark.parametrize("share", [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99])
def test_a_merged_quantile_is_within_the_stated_rank_error(share):
    for seed in range(5):
        values, _, parts, _ = whole_and_parts(seed)
        known = np.sort(values[~np.isnan(values)])
        found = partials.merge(parts).numbers.order.quantile(share)
        rank = np.searchsorted(known, found) / len(known)
        assert abs(rank - share) <= 0.0015 + 1 / len(known)


def test_a_column_of_few_values_keeps_exact_order():
    values = np.random.default_rng(1).integers(0, 50, size=5000).astype(np.float64)
    keys = np.arange(5000, dtype=np.uint64)
    part = partials.summarise_numbers(values, keys)
    for share in (0.01, 0.5, 0.99):
        assert part.numbers.order.quantile(share) == np.quantile(values, share)


def test_huge_values_do_not_overflow_the_moments():
    values = np.array([1e300, -1e300, 5e299])
    moments = partials.summarise_numbers(values, np.arange(3, dtype=np.uint64)).numbers.moments
    assert moments.mean == pytest.approx(values.mean())
    assert np.isfinite(moments.standard_deviation)


def test_infinities_are_counted_outside_the_bins_and_out_of_the_moments():
    values = np.array([np.inf, -np.inf, 1.0])
    part = partials.summarise_numbers(values, np.arange(3, dtype=np.uint64), EDGES)
    assert part.numbers.infinite == 2
    assert (part.numbers.histogram[0], part.numbers.histogram[-1]) == (1, 1)
    assert part.numbers.moments.mean == 1.0


def test_distinct_is_within_ten_percent_for_many_values():
    hashes = hash_strings([f"value {n}" for n in range(50_000)])
    assert DistinctSketch.of(hashes).estimate == pytest.approx(50_000, rel=0.1)


def test_labels_beyond_the_limit_are_pooled_and_none_is_lost():
    counts = {f"id{n}": 1 for n in range(LABELS_KEPT + 500)} | {"often": 9}
    labels = Labels.of(counts, pinned=["id3"])
    assert labels.total == LABELS_KEPT + 509
    assert labels.counts["often"] == 9
    assert "id3" in labels.counts
    assert labels.top(2)[OTHER] == labels.total - 9 - labels.counts[list(labels.top(2))[1]]


def test_parts_of_different_kinds_do_not_merge():
    number = partials.summarise_numbers(np.ones(2), np.arange(2, dtype=np.uint64))
    category = partials.summarise_labels({"a": 1}, 0)
    with pytest.raises(ValueError, match="category, number"):
        partials.merge([number, category])


def test_a_baseline_survives_its_file():
    columns = {"age": [30.0, None, 50.0], "city": ["a", "b", "a"], "note": ["x", "yy", None]}
    baseline = build_baseline(columns, {"age": "number", "city": "category", "note": "text"})
    again = from_parquet(to_parquet(baseline.columns))
    assert to_parquet(again) == to_parquet(baseline.columns)
    assert again["age"].numbers.moments.mean == 40.0
    assert again["city"].labels.counts == {"a": 2, "b": 1}
