"""Pack: one call from a notebook makes a package that is proved wherever it is served."""

import hashlib
import inspect
import io
import json
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from scienceops.core.captures import Task
from scienceops.core.manifest import FileEntry, Manifest, ModelEntry, ModelInput
from scienceops.core.names import PREDICTION, check_service_name
from scienceops.core.package import read_package
from scienceops.core.policy import read_policy
from scienceops.core.sample import MOST_ROWS, Sample
from scienceops.core.schema import Schema
from scienceops.errors import BadInput, BadPackage, PickleNotAllowed
from scienceops.packing.infer_schema import as_frame, infer_schema, to_rows
from scienceops.running import load_runner
from scienceops.running.trusted_types import untrusted

#: What a model of scikit-learn needs to be loaded and called.
NEEDED = ("scikit-learn", "numpy", "scipy", "pandas", "joblib", "skops")
_LIMIT_BYTES = 8 * 1024**3


def pack(
    model: Any,
    sample: Any,
    *,
    name: str,
    training_data: Any = None,
    target: str | None = None,
    metrics: Mapping[str, float] | None = None,
    tags: Mapping[str, str] | None = None,
    score: str | Path | None = None,
    train: str | Path | Callable[..., Any] | None = None,
    requirements: Sequence[str] | None = None,
    path: str | Path | None = None,
    allow_pickle: bool = False,
    policy: Mapping[str, Any] | None = None,
) -> Path:
    """Write the package of a trained model and return its path.

    model: an estimator, or the path of a model file that `score` loads. sample: rows the model
    takes (DataFrame, array or list of dicts); up to 100 are kept with their predictions.
    training_data: a DataFrame of the same columns (and `target`), from which the schema and the
    baseline of drift are learnt. score, train: files (or a train function) to ship.
    requirements: pins beyond scikit-learn's own. allow_pickle: accept joblib where skops refuses,
    which runs code when it is loaded. policy: proposal for the service's policy.

    Raises BadName, BadSchema, BadPackage, PickleNotAllowed, or ModelFailed when the model does
    not answer its own sample.
    """
    check_service_name(name)
    rows = as_frame(sample)
    training = None if training_data is None else as_frame(training_data)
    inputs = rows if training is None else training[[c for c in training.columns if c in rows]]
    if list(inputs.columns) != list(rows.columns):
        lacking = sorted(set(rows.columns) - set(inputs.columns))
        raise BadInput(f"training_data lacks the columns {lacking} that the sample has")
    schema = infer_schema(inputs)
    files: dict[str, bytes] = {
        "schema.json": _json(schema.to_json_schema()),
        "requirements.txt": "\n".join(_pins(requirements)).encode() + b"\n",
    }
    if score is not None:
        files["score.py"] = Path(score).read_bytes()
    if train is not None:
        text = inspect.getsource(train) if callable(train) else Path(train).read_text()
        files["train.py"] = text.encode()
    if policy:
        read_policy(policy)
        files["scienceops.toml"] = _toml(policy)
    if training is not None and train is not None:
        # Retraining mixes these rows with captured ones, so they travel along.
        files["training_data.parquet"] = _parquet(training)
    entry, content = _model_file(model, allow_pickle, score is not None)
    files[str(entry.file)] = content
    writing = _Writing(name, schema, entry, files, target, dict(metrics or {}), dict(tags or {}))
    writing.answer(to_rows(rows.head(MOST_ROWS), schema))
    if training is not None:
        writing.add_baseline(to_rows(inputs, schema))
    data = writing.to_zip()
    digest = hashlib.sha256(data).hexdigest()
    out = Path(path) if path is not None else Path(f"{name}-{digest[:8]}.zip")
    out.write_bytes(data)
    # The reader's rules are the only ones: what it would refuse is never handed out.
    read_package(out, limit_bytes=_LIMIT_BYTES)
    return out


class _Writing:
    """A package in the making: files so far, and what running the model on the sample showed."""

    def __init__(
        self,
        name: str,
        schema: Schema,
        model: ModelEntry,
        files: dict[str, bytes],
        target: str | None,
        metrics: dict[str, float],
        tags: dict[str, str],
    ) -> None:
        self._schema = schema
        self._files = files
        self._manifest = Manifest(
            name=name,
            task="custom",
            model=model,
            python=f"{sys.version_info.major}.{sys.version_info.minor}",
            metrics={key: float(value) for key, value in metrics.items()},
            tags=tags,
            target=target,
            files={},
        )

    def answer(self, rows: list[dict[str, Any]]) -> None:
        """Score the sample as a scorer would, in the first form that the model takes."""
        forms: tuple[ModelInput, ...] = ("frame", "column", "array")
        if len(self._schema.columns) > 1:
            forms = ("frame", "array")
        failure: Exception | None = None
        for form in forms:
            model = self._manifest.model.model_copy(update={"input": form})
            self._manifest = self._manifest.model_copy(update={"model": model})
            try:
                scored = self._score(rows)
            except Exception as error:  # noqa: BLE001  # Whatever the model raises, try the next.
                failure = failure or error
                continue
            task, classes = _task_of(scored.predictions, scored.probabilities, scored.reply)
            self._manifest = self._manifest.model_copy(update={"task": task, "classes": classes})
            sample = Sample(rows, scored.predictions, scored.probabilities)
            self._files["sample.json"] = _json(sample.to_document())
            return
        assert failure is not None  # noqa: S101  # There is at least one form.
        raise failure

    def add_baseline(self, rows: list[dict[str, Any]]) -> None:
        """The statistics of the training rows and of the predictions on them."""
        from scienceops.core.stats.baseline import build_baseline
        from scienceops.core.stats.catalogue import describe_baseline
        from scienceops.core.stats.partials import Kind

        scored = self._score(rows)
        columns: dict[str, list[Any]] = {
            c.name: [row[c.name] for row in rows] for c in self._schema.columns
        }
        kinds: dict[str, Kind] = {c.name: c.kind for c in self._schema.columns}
        columns[PREDICTION] = scored.predictions
        kinds[PREDICTION] = "number" if self._manifest.task == "regression" else "category"
        baseline = build_baseline(columns, kinds)
        self._files["baseline.parquet"] = baseline.to_parquet()
        self._files["baseline.json"] = _json(describe_baseline(baseline))

    def to_zip(self) -> bytes:
        """The zip, the same bytes for the same files."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for file, content in sorted({**self._files, "manifest.json": self._text()}.items()):
                archive.writestr(zipfile.ZipInfo(file, (1980, 1, 1, 0, 0, 0)), content)
        return out.getvalue()

    def _score(self, rows: list[dict[str, Any]]) -> Any:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            for file, content in {**self._files, "manifest.json": self._text()}.items():
                (folder / file).write_bytes(content)
            return load_runner(folder).predict(rows)

    def _text(self) -> bytes:
        entries = {
            file: FileEntry(sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))
            for file, content in self._files.items()
        }
        return _json(self._manifest.model_copy(update={"files": entries}).to_document())


def _model_file(model: Any, allow_pickle: bool, has_score: bool) -> tuple[ModelEntry, bytes]:
    if isinstance(model, str | Path):
        file = Path(model)
        if not has_score:
            raise BadInput(f"{file}: a model file needs `score`, a score.py that loads it")
        return ModelEntry(file=file.name, format="none", allow_pickle=True), file.read_bytes()
    import joblib
    import skops.io

    content: bytes = skops.io.dumps(model)
    held = skops.io.get_untrusted_types(data=content)
    refused = untrusted(held)
    if not refused:
        return ModelEntry(file="model.skops", format="skops", types=tuple(held)), content
    if not allow_pickle:
        raise PickleNotAllowed(
            f"the model holds {refused[0]}, which is no type reviewed to be safe; if you trust "
            "where the model comes from, pack it with allow_pickle=True, or load it in a score.py"
        )
    out = io.BytesIO()
    joblib.dump(model, out)
    return ModelEntry(file="model.joblib", format="joblib", allow_pickle=True), out.getvalue()


def _task_of(
    predictions: list[Any], probabilities: list[dict[str, float]] | None, reply: str | None
) -> tuple[Task, tuple[str, ...]]:
    if reply is not None:
        return "custom", ()
    if probabilities:
        return "classification", tuple(probabilities[0])
    if any(isinstance(prediction, list | dict) for prediction in predictions):
        raise BadPackage(
            "the model gives several values per row",
            fix="give a score.py whose run() returns one prediction per row",
        )
    if all(isinstance(p, float) for p in predictions):
        return "regression", ()
    return "classification", tuple(sorted({str(p) for p in predictions}))


def _pins(extra: Sequence[str] | None) -> list[str]:
    from packaging.requirements import Requirement

    given = {Requirement(line).name.lower().replace("_", "-") for line in extra or ()}
    own = [f"{name}=={installed(name)}" for name in NEEDED if name not in given]
    return sorted([*own, *(extra or ())])


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, allow_nan=False).encode()


def _toml(policy: Mapping[str, Any]) -> bytes:
    # JSON's scalars are TOML's too.
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in policy.items()).encode()


def _parquet(frame: Any) -> bytes:
    out = io.BytesIO()
    frame.to_parquet(out)
    return out.getvalue()
