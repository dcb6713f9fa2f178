"""How often the verdict rule errs by the size of a day, on features of all kinds.

50 features: normal, skewed with missing values, flags of 1 %, counts that are mostly 0, categories
of five, and codes of a thousand. A day without any shift is a false alarm when one of them drifts;
its missed shifts are of one feature each: by half a standard deviation, and by a tenth of all
rows with a label that training never had.
"""

import json
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import ks_2samp

from scienceops.core.stats.baseline import build_baseline
from scienceops.core.stats.partials import Kind
from scienceops.core.stats.terms import DRIFT
from scienceops.core.stats.verdicts import compare, judge

SEEDS = 200
TRAINING_ROWS = 10_000
DAY_ROWS = (30, 100, 300, 1000, 3000, 10_000)
CODES = 1000

Columns = dict[str, npt.NDArray[Any]]


def rows_of_all_kinds(random: np.random.Generator, rows: int) -> Columns:
    """50 columns, shape (rows,) each; the first letter of a name says of what kind it is."""
    found: Columns = {}
    for i in range(10):
        found[f"normal{i}"] = random.normal(size=rows)
        found[f"skewed{i}"] = random.lognormal(size=rows)
        found[f"skewed{i}"][random.random(rows) < 0.05] = np.nan
        found[f"flag{i}"] = (random.random(rows) < 0.01).astype(float)
        found[f"count{i}"] = random.poisson(0.05, rows).astype(float)
    for i in range(5):
        found[f"five{i}"] = random.integers(5, size=rows).astype(str)
        found[f"code{i}"] = np.minimum(random.zipf(1.3, size=rows), CODES).astype(str)
    return found


def kinds_of(columns: Mapping[str, Any]) -> dict[str, Kind]:
    """Name -> how the platform treats it."""
    return {name: "category" if name.startswith(("five", "code")) else "number" for name in columns}


def drifted(training: Columns, day: Columns) -> set[str]:
    """The features that the rule says have drifted."""
    kinds = kinds_of(training)
    then, now = build_baseline(training, kinds), build_baseline(day, kinds)
    judged = judge({name: compare(then.columns[name], now.columns[name]) for name in training})
    return {name for name, one in judged.items() if one.verdict == DRIFT}


def one_day(seed: int, rows: int) -> dict[str, bool]:
    """What was told of one day: alarms without a shift, and two shifts that were found."""
    random = np.random.default_rng((seed, rows))
    training, day = rows_of_all_kinds(random, TRAINING_ROWS), rows_of_all_kinds(random, rows)
    moved = {**day, "normal0": day["normal0"] + 0.5}
    labels = day["five0"].astype(object)
    labels[random.random(rows) < 0.1] = "new"
    moved["five0"] = labels
    found = drifted(training, moved)
    return {
        "false alarm": bool(drifted(training, day)),
        "KS p < 0.05": any(
            ks_2samp(training[name], day[name]).pvalue < 0.05
            for name in training
            if name.startswith("normal")
        ),
        "shift of 0.5 sd": "normal0" in found,
        "new label in 10 %": "five0" in found,
    }


def main() -> None:
    """Print a table for people and one JSON object on the last line."""
    began = time.monotonic()
    found = {}
    for rows in DAY_ROWS:
        days = [one_day(seed, rows) for seed in range(SEEDS)]
        rates = {told: sum(day[told] for day in days) / SEEDS for told in days[0]}
        found[rows] = rates
        print(f"{rows:6} rows  " + "  ".join(f"{told} {rate:6.1%}" for told, rate in rates.items()))
    seconds = round(time.monotonic() - began, 1)
    print(json.dumps({"seeds": SEEDS, "rates": found, "seconds": seconds}))


if __name__ == "__main__":
    main()
