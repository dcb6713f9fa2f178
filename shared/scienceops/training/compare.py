"""Compare: the candidate beside the live version, on held-out rows and on captured ones.

`python -m scienceops.training.compare --order KEY --live 1 --candidate 2`. Both answer through
their running scorers, as they would answer callers; nothing of it is captured.
"""

import io
import json
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from scienceops.bootstrap import connect_calling
from scienceops.config import load_settings
from scienceops.core.names import (
    FLAG,
    HELD_OUT,
    LABEL,
    SOURCE,
    training_result_key,
    training_set_key,
)
from scienceops.core.retraining import gain_error
from scienceops.core.stats.quality import Quality, measure_quality
from scienceops.training.captured import fitting, read_captured
from scienceops.training.order import Order, open_order
from scienceops.training.running_version import Answers, RunningVersion

MOST_ROWS = 2000
TIMED_CALLS = 40
MOST_CHANGED = 10


def main() -> int:
    """Compare the two versions and tell the result."""
    order, arguments = open_order("scienceops.training.compare", "live", "candidate")
    calling = connect_calling(load_settings())
    live = RunningVersion(order, arguments.live, calling)
    candidate = RunningVersion(order, arguments.candidate, calling)
    result = {
        "live": arguments.live,
        "candidate": arguments.candidate,
        "metric": "r2" if order.task == "regression" else "accuracy",
        **_held_out(order, live, candidate),
        "replay": _replay(order, live, candidate),
    }
    order.tell("compare", result)
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    return 0


def _held_out(order: Order, live: RunningVersion, candidate: RunningVersion) -> dict[str, Any]:
    selected = json.loads(
        order.objects.get(training_result_key(order.service, order.number, "select"))
    )
    key = training_set_key(order.service, selected["training_set"])
    rows = pq.read_table(io.BytesIO(order.objects.get(key))).to_pandas()
    rows = rows[rows[HELD_OUT]]
    parts = {
        "original": rows[rows[SOURCE] == "original"],
        "recent": rows[rows[SOURCE] != "original"],
    }
    return {name: _measured_pair(part, live, candidate, order) for name, part in parts.items()}


def _measured_pair(
    part: pd.DataFrame, live: RunningVersion, candidate: RunningVersion, order: Order
) -> dict[str, Any]:
    actual = part[order.target]
    then, now = live.ask(part), candidate.ask(part)
    return {
        "rows": len(part),
        "live": _measured(actual, then, order),
        "candidate": _measured(actual, now, order),
        "standard_error": _gain_error(actual, then, now, order),
    }


def _gain_error(
    actual: "pd.Series[Any]", then: Answers, now: Answers, order: Order
) -> float | None:
    """Standard error of the candidate's gain in accuracy, or in R2; None where it is unknown.

    Of a regression, that of the rows to which both gave a number.
    """
    if order.task == "regression":
        truth = actual.to_numpy(dtype=float)
        old = (np.array(then.predictions, dtype=float) - truth) ** 2
        new = (np.array(now.predictions, dtype=float) - truth) ** 2
        both = ~np.isnan(old - new)
        scale = float(truth[both].var()) if both.any() else 0.0
        return gain_error((old - new)[both].tolist(), scale)
    pairs = zip(actual, then.predictions, now.predictions, strict=True)
    return gain_error([(str(t) == str(b)) - (str(t) == str(a)) for t, a, b in pairs])


def _replay(order: Order, live: RunningVersion, candidate: RunningVersion) -> dict[str, Any]:
    newest = sorted(order.partitions, key=lambda p: str(p["date"]), reverse=True)
    frame = read_captured(newest, order.flags, order.objects, most=MOST_ROWS)
    frame = fitting(frame[frame[FLAG] != "wrong"], live.schema, candidate.schema)
    frame = frame.reset_index(drop=True)
    if frame.empty:
        return {"rows": 0}
    then, now = live.ask(frame), candidate.ask(frame)
    labelled = frame[LABEL].notna().to_numpy()
    inputs = [column.name for column in live.schema.columns]
    times: dict[str, list[float]] = {"live": [], "candidate": []}
    for index in range(min(TIMED_CALLS, len(frame))):
        row = frame.iloc[[index]]
        # In turns, so that a busy moment of the machine meets both.
        times["live"].append(live.milliseconds(row))
        times["candidate"].append(candidate.milliseconds(row))
    return {
        "rows": len(frame),
        **_alike(then, now, order),
        "labelled": int(labelled.sum()),
        "quality": {
            name: _measured(frame[LABEL][labelled], _some(answers, labelled), order)
            for name, answers in (("live", then), ("candidate", now))
        },
        "latency_ms": {
            name: {"median": float(np.median(ms)), "p95": float(np.quantile(ms, 0.95))}
            for name, ms in times.items()
        },
        "changed": _changed(frame, inputs, then, now, order),
    }


def _changed(
    frame: pd.DataFrame, inputs: Sequence[str], then: Answers, now: Answers, order: Order
) -> list[dict[str, Any]]:
    """The rows with another answer, those that moved most first, each once.

    change: how far a number moved, or how much of its share the class lost that was told before,
    None where a model gives no shares.
    """
    moved = _moved(then, now, order)
    known = then.probabilities is not None and now.probabilities is not None
    numbers = order.task == "regression"
    # Of classes, an answer that differs was counted as 1 beside the shift of its share.
    change = moved if numbers else moved - 1
    found: list[dict[str, Any]] = []
    seen: set[str] = set()
    for i in np.argsort(-moved, kind="stable"):
        if len(found) == MOST_CHANGED:
            break
        if str(then.predictions[i]) == str(now.predictions[i]):
            continue
        row = {
            "row": json.loads(frame.iloc[[i]][inputs].to_json(orient="records"))[0],
            "live": then.predictions[i],
            "candidate": now.predictions[i],
            "label": frame[LABEL].iloc[i],
        }
        told = json.dumps(row, sort_keys=True, default=str)
        if told not in seen:
            seen.add(told)
            told_change = (numbers or known) and not np.isnan(change[i])
            found.append({**row, "change": float(change[i]) if told_change else None})
    return found


def _alike(then: Answers, now: Answers, order: Order) -> dict[str, float]:
    """agreement: the share of rows with the same answer.

    Two models hardly ever give the same number, so of a regression it is moved: the median of how
    far answers lie apart, and spread: the standard deviation of the live ones, to hold it against.
    Empty where there is no row to which both gave one.
    """
    if order.task == "regression":
        moved = _moved(then, now, order)
        both = ~np.isnan(moved)
        if not both.any():
            return {}
        spread = float(np.std(np.array(then.predictions, float)[both]))
        return {"moved": float(np.median(moved[both])), "spread": spread}
    pairs = zip(then.predictions, now.predictions, strict=True)
    return {"agreement": float(np.mean([str(a) == str(b) for a, b in pairs]))}


def _moved(then: Answers, now: Answers, order: Order) -> "np.ndarray[Any, Any]":
    """How far each answer moved: by value, or by the share of the class that was told before."""
    if order.task == "regression":
        gaps = np.array(now.predictions, float) - np.array(then.predictions, float)
        sizes: np.ndarray[Any, Any] = np.abs(gaps)
        return sizes
    differs = [str(a) != str(b) for a, b in zip(then.predictions, now.predictions, strict=True)]
    if then.probabilities is None or now.probabilities is None:
        return np.array(differs, dtype=float)
    told = [str(prediction) for prediction in then.predictions]
    old = [shares.get(label, 0.0) for shares, label in zip(then.probabilities, told, strict=True)]
    new = [shares.get(label, 0.0) for shares, label in zip(now.probabilities, told, strict=True)]
    shifts: np.ndarray[Any, Any] = np.abs(np.array(old) - np.array(new))
    return np.asarray(np.array(differs, dtype=float) + shifts)


def _some(answers: Answers, chosen: "np.ndarray[Any, Any]") -> Answers:
    places = np.flatnonzero(chosen).tolist()
    shares = answers.probabilities
    return Answers(
        [answers.predictions[i] for i in places],
        None if shares is None else [shares[i] for i in places],
    )


def _measured(actual: "pd.Series[Any]", answers: Answers, order: Order) -> dict[str, float]:
    if order.task == "regression":
        told = np.array(answers.predictions, dtype=float)
        quality = Quality.of_numbers(actual.to_numpy(dtype=float), told)
    else:
        texts = [str(value) for value in actual]
        shares = answers.probabilities
        chance = (
            [] if shares is None else [s.get(t, 0.0) for s, t in zip(shares, texts, strict=True)]
        )
        told_texts = [str(value) for value in answers.predictions]
        quality = Quality.of_classes(texts, told_texts, np.array(chance, dtype=float))
    found = measure_quality(quality)
    return {name: value for name, value in found.items() if not name.startswith("confusion:")}


if __name__ == "__main__":
    sys.exit(main())
