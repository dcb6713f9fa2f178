"""Train: run a package's train.py on a frozen training set, and upload the candidate.

`python -m scienceops.training.train --order KEY`, in the environment of the base version.
"""

import hashlib
import importlib.util
import inspect
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scienceops.core.manifest import Manifest
from scienceops.core.names import (
    HELD_OUT,
    WEIGHT,
    candidate_key,
    training_result_key,
    training_set_key,
)
from scienceops.core.package import SCORE, TRAIN, Package
from scienceops.core.requirement_lines import REQUIREMENTS
from scienceops.core.stats.quality import Quality, measure_quality
from scienceops.errors import BadInput, ModelFailed
from scienceops.packing import pack
from scienceops.packing.extras import from_parquet
from scienceops.training.order import Order, open_order
from scienceops.training.select import OURS


def main() -> int:
    """Train, pack and upload the candidate of an order."""
    order, _ = open_order("scienceops.training.train")
    selected = json.loads(
        order.objects.get(training_result_key(order.service, order.number, "select"))
    )
    digest = selected["training_set"]
    rows = from_parquet(order.objects.get(training_set_key(order.service, digest)))
    with order.package(order.base) as package, tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        package.extract_to(folder / "base")
        path = train_and_pack(order, package, folder, rows, digest)
        key = candidate_key(order.service, order.number)
        order.objects.put(key, path)
        content = path.read_bytes()
    uploaded = {"package_digest": hashlib.sha256(content).hexdigest(), "key": key}
    order.tell("train", uploaded)
    sys.stdout.write(f"uploaded {key}\n")
    return 0


def train_and_pack(
    order: Order, package: Package, folder: Path, rows: pd.DataFrame, digest: str
) -> Path:
    """The candidate's package, made in `folder`, where `base` holds the base version's files."""
    base = folder / "base"
    learned = rows[~rows[HELD_OUT]]
    data = learned.drop(columns=OURS).reset_index(drop=True)
    sys.stdout.write(f"training on {len(data)} rows\n")
    sys.stdout.flush()
    estimator, metrics = run_train(base / TRAIN, data, learned[WEIGHT].to_numpy())
    manifest = package.manifest
    features = data[list(_schema_columns(base))]
    held_out = rows[rows[HELD_OUT]]
    metrics = {**metrics, **_held_out_metrics(estimator, held_out, features, manifest)}
    sys.stdout.write(f"metrics {json.dumps(metrics)}\n")
    return pack(
        estimator,
        features.head(20),
        name=order.service,
        training_data=data,
        target=order.target,
        metrics=metrics,
        tags=manifest.tags,
        score=base / SCORE if SCORE in package.files else None,
        train=base / TRAIN,
        requirements=base / REQUIREMENTS,
        path=folder / "candidate.zip",
        allow_pickle=manifest.model.allow_pickle,
        task=manifest.task,
        runtime=manifest.runtime.asked,
        created_at=order.requested_at,
        origin={
            "training_set": digest,
            "retraining": str(order.number),
            "base": f"{order.service}:{order.base}",
        },
    )


def run_train(
    script: Path, data: pd.DataFrame, weights: "np.ndarray[Any, Any]"
) -> tuple[Any, dict[str, float]]:
    """(estimator, metrics) of the script's `train(data)`; it gets sample_weight if it takes one."""
    spec = importlib.util.spec_from_file_location("train", script)
    if spec is None or spec.loader is None:
        raise BadInput(f"{script.name} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(script.parent))
    try:
        spec.loader.exec_module(module)
        train: Callable[..., Any] = module.train
        extra = {"sample_weight": weights} if _takes_weights(train) else {}
        if not extra and not np.all(weights == 1):
            sys.stdout.write("train() takes no sample_weight, so old rows weigh as much as new\n")
        result = train(data, **extra)
    finally:
        sys.path.remove(str(script.parent))
    estimator, metrics = result if isinstance(result, tuple) else (result, {})
    if not hasattr(estimator, "predict"):
        raise ModelFailed(
            f"train() gave back {type(estimator).__name__}: wanted an estimator, "
            "or the estimator and a dict of metrics"
        )
    return estimator, {str(name): float(value) for name, value in metrics.items()}


def _takes_weights(train: Callable[..., Any]) -> bool:
    parameters = inspect.signature(train).parameters.values()
    return any(p.name == "sample_weight" or p.kind is p.VAR_KEYWORD for p in parameters)


def _schema_columns(base: Path) -> list[str]:
    schema = json.loads((base / "schema.json").read_bytes())
    return list(schema["properties"])


def _held_out_metrics(
    estimator: Any, held_out: pd.DataFrame, features: pd.DataFrame, manifest: Manifest
) -> Mapping[str, float]:
    if held_out.empty or manifest.model.input != "frame":
        return {}
    told = np.asarray(estimator.predict(held_out[list(features.columns)]))
    actual = held_out[str(manifest.target)]
    if manifest.task == "regression":
        numbers = actual.to_numpy(dtype=float)
        found = measure_quality(Quality.of_numbers(numbers, told.astype(float)))
    else:
        texts = [str(value) for value in told]
        found = measure_quality(Quality.of_classes([str(v) for v in actual], texts, np.zeros(0)))
    return {f"held_out_{name}": found[name] for name in ("accuracy", "f1", "r2") if name in found}


if __name__ == "__main__":
    sys.exit(main())
