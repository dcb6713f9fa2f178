"""Measures agree with scipy's, which is slower to import and has no sketches."""

import numpy as np
import pytest
import scipy.stats

from scienceops.core.stats import measures
from scienceops.core.stats.sketches import OrderSketch

PAIRS = {
    "same": (0.0, 1.0),
    "moved": (0.4, 1.0),
    "wider": (0.0, 2.0),
}


@pytest.fixture(params=PAIRS, ids=list(PAIRS))
def pair(request):
    mean, spread = PAIRS[request.param]
    random = np.random.default_rng(7)
    return random.normal(size=400), random.normal(mean, spread, size=300)


def sketch(values):
    return OrderSketch.of_sorted(np.sort(values))


def test_kolmogorov_smirnov(pair):
    wanted = scipy.stats.ks_2samp(*pair, method="asymp")
    assert measures.kolmogorov_smirnov(*map(sketch, pair)) == pytest.approx(wanted.statistic)
    assert measures.kolmogorov_smirnov_p(*pair) == pytest.approx(wanted.pvalue, rel=0.15, abs=0.02)


def test_mann_whitney_with_and_without_ties(pair):
    for a, b in (pair, [np.round(side) for side in pair]):
        wanted = scipy.stats.mannwhitneyu(a, b, method="asymptotic").pvalue
        assert measures.mann_whitney_p(a, b) == pytest.approx(wanted, rel=1e-9)


def test_wasserstein(pair):
    wanted = scipy.stats.wasserstein_distance(*pair)
    assert measures.wasserstein(*map(sketch, pair)) == pytest.approx(wanted)


def test_jensen_shannon_is_the_distance_in_bits():
    from scipy.spatial.distance import jensenshannon

    a, b = np.array([0.2, 0.5, 0.3, 0.0]), np.array([0.1, 0.1, 0.3, 0.5])
    assert measures.jensen_shannon(a, b) == pytest.approx(jensenshannon(a, b, base=2))


def test_psi_is_symmetric_and_finite_with_empty_bins():
    a, b = np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.5, 0.5])
    assert measures.psi(a, b) == pytest.approx(measures.psi(b, a))
    assert np.isfinite(measures.psi(a, b))


def test_chi_square_of_well_filled_cells():
    table = np.array([[90, 60, 50], [70, 80, 45]])
    wanted = scipy.stats.chi2_contingency(table, correction=False)
    statistic, p = measures.chi_square(table[0], table[1])
    assert (statistic, p) == (pytest.approx(wanted.statistic), pytest.approx(wanted.pvalue))


def test_chi_square_pools_rare_labels():
    table = np.array([[90, 60, 1, 2, 3], [70, 80, 2, 3, 1]])
    pooled = np.array([[90, 60, 6], [70, 80, 6]])
    wanted = scipy.stats.chi2_contingency(pooled, correction=False)
    assert measures.chi_square(table[0], table[1])[1] == pytest.approx(wanted.pvalue)


@pytest.mark.parametrize("hits", [0, 1, 3, 8])
def test_two_shares_is_fishers_test_where_rows_are_few(hits):
    wanted = scipy.stats.fisher_exact([[hits, 60 - hits], [1, 39]]).pvalue
    assert measures.two_shares_p(hits, 60, 1, 40) == pytest.approx(wanted, rel=1e-6)


def test_benjamini_hochberg():
    p = np.random.default_rng(3).uniform(size=50) ** 2
    wanted = scipy.stats.false_discovery_control(p)
    assert measures.benjamini_hochberg(list(p)) == pytest.approx(list(wanted))
