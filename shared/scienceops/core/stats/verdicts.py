"""Verdicts: whether a feature of a day differs from training, by size and by surprise.

A verdict of drift needs both: an effect of at least EFFECT_GATE, so that a large day does not
shout at nothing, and q below FALSE_DISCOVERY_RATE, so that a small day does not shout by chance.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from scienceops.core.names import PREDICTION
from scienceops.core.stats import measures
from scienceops.core.stats.exact import rare_labels_p
from scienceops.core.stats.partials import ColumnPartial
from scienceops.core.stats.terms import DRIFT, LEAST_ROWS, NOT_COMPARED, NOT_ENOUGH_DATA, STABLE

#: Least distance: 0.05 of the distribution has moved. A shift by 0.2 standard deviations is 0.08.
EFFECT_GATE = 0.05
#: Expected share of false alarms among the drifts of a day.
FALSE_DISCOVERY_RATE = 0.01


@dataclass(frozen=True)
class Comparison:
    """One feature of one day beside training. None where a measure does not apply.

    effect: the largest of the Kolmogorov-Smirnov distance (numbers), the total variation
    (categories) and the change of the missing share. p_value: of the tests together. q_value:
    corrected over the features of the day.
    """

    psi: float | None = None
    jensen_shannon: float | None = None
    ks: float | None = None
    ks_p: float | None = None
    wasserstein: float | None = None
    mann_whitney_p: float | None = None
    chi_square: float | None = None
    chi_square_p: float | None = None
    rare_labels_p: float | None = None
    missing_p: float | None = None
    effect: float | None = None
    p_value: float | None = None
    q_value: float | None = None
    verdict: float = NOT_ENOUGH_DATA


def compare(baseline: ColumnPartial | None, day: ColumnPartial) -> Comparison:
    """The day's feature beside training's, without its q-value and verdict."""
    if baseline is None or baseline.rows < LEAST_ROWS or day.rows < LEAST_ROWS:
        return Comparison()
    found = Comparison()
    if min(baseline.count, day.count) >= LEAST_ROWS:
        if day.numbers is not None and baseline.numbers is not None:
            found = _compare_numbers(baseline, day)
        elif day.labels is not None and baseline.labels is not None:
            found = _compare_labels(baseline, day)
    both = _twice_smaller(found.ks_p, found.mann_whitney_p)
    tests = [p for p in (both, found.chi_square_p, found.rare_labels_p) if p is not None]
    effects = [] if found.effect is None else [found.effect]
    missing_p = None
    if baseline.missing or day.missing:
        missing_p = measures.two_shares_p(baseline.missing, baseline.rows, day.missing, day.rows)
        effects.append(abs(baseline.missing / baseline.rows - day.missing / day.rows))
        tests.append(missing_p)
    if not effects:
        # Of date-times only the missing ones say anything, for time goes on.
        return replace(found, verdict=NOT_COMPARED) if day.kind == "time" else found
    # Each test had its chance to surprise, so the smallest p counts once for each (Bonferroni).
    p = min(1.0, len(tests) * min(tests))
    return replace(found, missing_p=missing_p, effect=max(effects), p_value=p)


def judge(comparisons: Mapping[str, Comparison]) -> dict[str, Comparison]:
    """The comparisons of one day with q-values and verdicts.

    The q-values are corrected over the input features together; predictions are a question of
    their own and stand alone.
    """
    tested = [n for n, c in comparisons.items() if c.p_value is not None and n != PREDICTION]
    q_values = measures.benjamini_hochberg([comparisons[n].p_value or 0.0 for n in tested])
    q = dict(zip(tested, q_values, strict=True))
    if PREDICTION in comparisons and comparisons[PREDICTION].p_value is not None:
        q[PREDICTION] = comparisons[PREDICTION].p_value or 0.0
    return {
        name: replace(found, q_value=q[name], verdict=_verdict(found.effect or 0.0, q[name]))
        if name in q
        else found
        for name, found in comparisons.items()
    }


def _verdict(effect: float, q_value: float) -> float:
    return DRIFT if effect >= EFFECT_GATE and q_value < FALSE_DISCOVERY_RATE else STABLE


def _compare_numbers(baseline: ColumnPartial, day: ColumnPartial) -> Comparison:
    then, now = baseline.numbers, day.numbers
    if then is None or now is None or not then.order.total or not now.order.total:
        return Comparison()
    ks = measures.kolmogorov_smirnov(then.order, now.order)
    binned = measures.shares(then.histogram), measures.shares(now.histogram)
    same_bins = len(then.histogram) == len(now.histogram)
    return Comparison(
        psi=measures.psi(*binned) if same_bins else None,
        jensen_shannon=measures.jensen_shannon(*binned) if same_bins else None,
        ks=ks,
        ks_p=measures.kolmogorov_smirnov_p(then.sample.values, now.sample.values),
        wasserstein=measures.wasserstein(then.order, now.order),
        mann_whitney_p=measures.mann_whitney_p(then.sample.values, now.sample.values),
        effect=ks,
    )


def _compare_labels(baseline: ColumnPartial, day: ColumnPartial) -> Comparison:
    then, now = baseline.labels, day.labels
    if then is None or now is None:
        return Comparison()
    counts = measures.aligned(then.top(len(then.counts)), now.top(len(now.counts)))
    binned = measures.shares(counts[0]), measures.shares(counts[1])
    # Labels that are pooled are no label of their own, which training would not have.
    apart = measures.aligned(then.counts, now.counts)
    pool = (then.pooled, now.pooled)
    statistic, p = measures.chi_square(*apart, pool)
    return Comparison(
        psi=measures.psi(*binned),
        jensen_shannon=measures.jensen_shannon(*binned),
        chi_square=statistic,
        chi_square_p=p,
        rare_labels_p=rare_labels_p(*apart, pool),
        effect=measures.total_variation(*binned),
    )


def _twice_smaller(a: float | None, b: float | None) -> float | None:
    # Of two tests on the same rows the smaller p is taken, so it counts twice (Bonferroni).
    return None if a is None or b is None else min(1.0, 2 * min(a, b))
