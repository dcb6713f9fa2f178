"""Select: the rows of a training set, frozen under the hash of their content.

`python -m scienceops.training.select --order KEY`. A fifth of the captured and of the original
rows, the same ones every time, is held out: no training sees it, and candidates are measured on it.
"""

import hashlib
import io
import json
import sys
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from scienceops.core.names import (
    AT,
    FLAG,
    HELD_OUT,
    LABEL,
    REQUEST,
    ROW,
    SOURCE,
    WEIGHT,
    training_set_key,
)
from scienceops.core.stats.hashing import HashArray, hash_strings, row_keys, sequence_keys
from scienceops.errors import BadInput
from scienceops.training.as_original import as_original
from scienceops.training.captured import fitting, inputs_of, read_captured
from scienceops.training.order import Order, open_order

#: Columns of a training set that are not data.
OURS = [WEIGHT, SOURCE, HELD_OUT, REQUEST, ROW]

HOLD_OUT = 0.2
LEAST_ROWS = 20


def main() -> int:
    """Freeze the training set of an order and tell what is in it."""
    order, _ = open_order("scienceops.training.select")
    rows, report = select(order)
    digest = "" if report["problems"] else freeze(order, rows, report)
    order.tell("select", {"training_set": digest, "report": report})
    sys.stdout.write(json.dumps(report, indent=1) + "\n")
    return 0


def select(order: Order) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The rows of the training set with the columns OURS, and the report about them."""
    with order.package(order.original) as package:
        original = pq.read_table(io.BytesIO(package.read("training_data.parquet"))).to_pandas()
    captured = read_captured(order.partitions, order.flags, order.objects)
    labelled = captured[captured[LABEL].notna()]
    chosen = labelled[labelled[FLAG] != "wrong"]
    if order.selection.flagged_only:
        chosen = chosen[chosen[FLAG] == "retrain"]
    fit = fitting(chosen, order.schema)
    unfit, chosen = len(chosen) - len(fit), fit
    old = _mark(original, sequence_keys(len(original)), "original", np.ones(len(original)))
    keep = (sequence_keys(len(original)) >> np.uint64(11)) / 2.0**53 < order.selection.keep_original
    old = old[keep | old[HELD_OUT].to_numpy()]
    added, problems = _as_original(chosen, original, order)
    new = _mark(added, _keys(chosen), "captured", _ages(chosen, order))
    new[REQUEST], new[ROW] = chosen[REQUEST].to_numpy(), chosen[ROW].to_numpy()
    old[REQUEST], old[ROW] = "", 0
    rows = pd.concat([old, new], ignore_index=True)
    return rows, _report(order, captured, chosen, unfit, rows, problems)


def freeze(order: Order, rows: pd.DataFrame, report: dict[str, Any]) -> str:
    """Store the rows and their provenance under the hash of their content, which is returned."""
    out = io.BytesIO()
    table = pa.Table.from_pandas(rows, preserve_index=False)
    pq.write_table(table, out, compression="zstd")
    digest = hashlib.sha256(out.getvalue()).hexdigest()
    key = training_set_key(order.service, digest)
    provenance = {
        "training_set": digest,
        "service": order.service,
        "retraining": order.number,
        "base": order.base,
        "original": order.original,
        "selection": order.selection.model_dump(mode="json"),
        "flags": [flag.to_body() for flag in order.flags],
        "segments": [key for p in order.partitions for key in p["keys"]],
        "labels": [key for p in order.partitions for key in p["label_keys"]],
        "report": report,
    }
    order.objects.put(key, out.getvalue())
    order.objects.put(key.replace(".parquet", ".json"), json.dumps(provenance).encode())
    return digest


def _mark(
    data: pd.DataFrame, keys: HashArray, source: str, weights: "np.ndarray[Any, Any]"
) -> pd.DataFrame:
    marked = data.copy()
    marked[WEIGHT] = weights
    marked[SOURCE] = source
    # Other bits than those that choose what is kept, so that the two choices are independent.
    marked[HELD_OUT] = (keys & np.uint64(0x3FF)) < np.uint64(HOLD_OUT * 1024)
    return marked


def _keys(captured: pd.DataFrame) -> HashArray:
    return row_keys(hash_strings(list(captured[REQUEST])), captured[ROW].to_numpy(dtype=np.int64))


def _ages(captured: pd.DataFrame, order: Order) -> "np.ndarray[Any, Any]":
    half_life = order.selection.half_life_days
    if half_life is None or captured.empty:
        return np.ones(len(captured))
    asked = datetime.fromisoformat(order.requested_at).astimezone(UTC)
    days = (asked - captured[AT]).dt.total_seconds().to_numpy() / 86_400
    return np.asarray(0.5 ** (np.maximum(days, 0.0) / half_life))


def _as_original(
    captured: pd.DataFrame, original: pd.DataFrame, order: Order
) -> tuple[pd.DataFrame, list[str]]:
    """Captured rows with the columns and types of the original training data, and what hinders."""
    problems = []
    columns: dict[str, Any] = {}
    inputs = set(inputs_of(captured))
    for name in original.columns:
        if name == order.target:
            known = {str(value): value for value in original[name].dropna().unique()}
            values = [known.get(str(label), label) for label in captured[LABEL]]
            column = pd.Series(values, index=captured.index, dtype=object)
        elif name in inputs:
            column = captured[name]
        else:
            # A column that the model does not take, such as an id, was never captured.
            column = pd.Series(None, index=captured.index, dtype=object)
        try:
            columns[name] = as_original(column.rename(name), original[name])
        except BadInput as error:
            problems.append(str(error))
            columns[name] = column
    return pd.DataFrame(columns, index=captured.index), problems


def _report(
    order: Order,
    captured: pd.DataFrame,
    chosen: pd.DataFrame,
    unfit: int,
    rows: pd.DataFrame,
    problems: list[str],
) -> dict[str, Any]:
    learned = rows[~rows[HELD_OUT]]
    report: dict[str, Any] = {
        "since": order.selection.since.isoformat(),
        "until": order.selection.until.isoformat(),
        "captured": len(captured),
        "labelled": int(captured[LABEL].notna().sum()),
        "flagged_wrong": int((captured[FLAG] == "wrong").sum()),
        "flagged_retrain": int((captured[FLAG] == "retrain").sum()),
        "chosen": len(chosen),
        "original": int((rows[SOURCE] == "original").sum()),
        "learned_from": len(learned),
        "held_out": int(rows[HELD_OUT].sum()),
    }
    if unfit:
        # Answered by versions that took other columns.
        report["with_other_columns"] = unfit
    if chosen.empty:
        problems.append(
            f"none of {len(captured)} captured rows is left to learn from: "
            f"{report['labelled']} have a label, {report['flagged_wrong']} are flagged wrong"
            + (f", {report['flagged_retrain']} retrain" if order.selection.flagged_only else "")
            + (f", {unfit} lack a column that version {order.base} takes" if unfit else "")
        )
    if len(learned) < LEAST_ROWS:
        problems.append(f"{len(learned)} rows to learn from: wanted at least {LEAST_ROWS}")
    if order.task == "classification":
        counts = learned[order.target].astype(str).value_counts()
        report["classes"] = {str(label): int(n) for label, n in counts.items()}
        if len(counts) < 2:
            problems.append(f"the rows to learn from have {len(counts)} classes: wanted 2 or more")
    report["problems"] = problems
    return report


if __name__ == "__main__":
    sys.exit(main())
