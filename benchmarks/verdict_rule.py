"""How often the verdict rule errs, beside simpler rules: false alarms and power over 200 seeds."""

import json
import time

import numpy as np
from scipy.stats import ks_2samp

from scienceops.core.stats.baseline import build_baseline
from scienceops.core.stats.measures import psi, shares
from scienceops.core.stats.terms import DRIFT
from scienceops.core.stats.verdicts import compare, judge

SEEDS = 200
DAY_ROWS = 1000
TRAINING_ROWS = 10_000
SHIFTS = (0.0, 0.1, 0.2, 0.3, 0.5)


def one_day(seed: int, features: int, shift: float) -> dict[str, bool]:
    """rule -> whether it said drift: of any feature without a shift, of the first with one."""
    random = np.random.default_rng(seed)
    names = [f"x{i}" for i in range(features)]
    training = {name: random.normal(size=TRAINING_ROWS) for name in names}
    day = {name: random.normal(size=DAY_ROWS) for name in names}
    day["x0"] = day["x0"] + shift
    kinds = dict.fromkeys(names, "number")
    then, now = build_baseline(training, kinds), build_baseline(day, kinds)
    judged = judge({name: compare(then.columns[name], now.columns[name]) for name in names})
    asked = names if shift == 0 else ["x0"]
    counted = {}
    for name in asked:
        edges = np.quantile(training[name], np.linspace(0, 1, 11)[1:-1])
        counted[name] = psi(
            *(
                shares(np.bincount(np.searchsorted(edges, v[name]), minlength=10))
                for v in (training, day)
            )
        )
    return {
        "scienceops": any(judged[name].verdict == DRIFT for name in asked),
        "ks_p_below_0.05": any(ks_2samp(training[n], day[n]).pvalue < 0.05 for n in asked),
        "psi_above_0.1": any(counted[name] > 0.1 for name in asked),
    }


def main() -> None:
    """Print a table for people and one JSON object on the last line."""
    began = time.monotonic()
    found = {}
    for features in (4, 20):
        for shift in SHIFTS:
            if shift and features != 4:
                continue
            days = [one_day(seed, features, shift) for seed in range(SEEDS)]
            rates = {rule: sum(d[rule] for d in days) / SEEDS for rule in days[0]}
            what = f"power at {shift} sd" if shift else f"false alarms, {features} features"
            found[what] = rates
            print(f"{what:28}" + "  ".join(f"{rule} {rate:6.1%}" for rule, rate in rates.items()))
    print(
        json.dumps({"seeds": SEEDS, "rates": found, "seconds": round(time.monotonic() - began, 1)})
    )


if __name__ == "__main__":
    main()
