"""ONNX models: a file with its graph, packed as it is and run by onnxruntime."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from scienceops import __version__
from scienceops.core.captures import Task
from scienceops.core.manifest import ModelEntry, RuntimeEntry
from scienceops.core.names import check_service_name
from scienceops.core.schema import Column, Schema
from scienceops.errors import BadInput, ModelFailed
from scienceops.packing.classic import PackedClassic
from scienceops.packing.draft import Draft
from scienceops.packing.environment import pin_requirements, read_requirements
from scienceops.packing.extras import check_metrics, check_tags, text_files
from scienceops.packing.given_rows import schema_and_rows
from scienceops.packing.infer_schema import as_frame
from scienceops.packing.other_versions import warn_of_other_versions
from scienceops.running.onnx_runner import open_session, takes_matrix

MODEL = "model.onnx"
_LABELS = ("classlabels_strings", "classlabels_int64s", "classlabels_ints")


def pack_onnx(
    name: str,
    model_file: Path,
    schema_file: Path | None = None,
    out: Path | None = None,
    *,
    sample: Any = None,
    training_data: Any = None,
    target: str | None = None,
    metrics: Mapping[str, float] | None = None,
    tags: Mapping[str, str] | None = None,
    requirements: Sequence[str] | str | Path | None = None,
    task: Task | None = None,
    policy: Mapping[str, Any] | str | Path | None = None,
    created_at: str | None = None,
) -> PackedClassic:
    """Write the package of an ONNX file.

    Its graph takes each column by name, or all of them as one tensor. It says no names for the
    latter, and never which values may be missing, so the columns come from the schema file, the
    training data or the sample; whole numbers are floats where the graph takes floats. The first
    output with one value per row is the prediction; probabilities are a map, or a tensor whose
    labels the graph states. The rest is as for `pack`.

    Raises BadName, BadInput, BadSchema, BadPackage, BadPolicy, or ModelFailed when the graph does
    not answer the sample.
    """
    check_service_name(name)
    try:
        data = model_file.read_bytes()
    except OSError as error:
        raise BadInput(f"{model_file} cannot be read: {error.strerror}") from None
    classes = _classes(data, model_file)
    with tempfile.TemporaryDirectory() as place:
        # What lies beside the file is not packed, so it must not be there now either.
        (Path(place) / MODEL).write_bytes(data)
        inputs = open_session(Path(place) / MODEL).get_inputs()
    training = None if training_data is None else as_frame(training_data)
    given = None if sample is None else as_frame(sample)
    schema, rows = schema_and_rows(schema_file, given, training, target)
    schema = _as_the_graph_types(schema, inputs)
    takes_matrix(inputs, schema, file=model_file.name)
    rows = schema.check_rows(rows)
    own = read_requirements(requirements)
    pins = pin_requirements({"onnxruntime"}, own)
    warn_of_other_versions(own)
    draft = Draft(
        name=name,
        schema=schema,
        model=ModelEntry(file=MODEL, format="onnx"),
        files={MODEL: data, **text_files(pins, policy)},
        runtime=RuntimeEntry(kind="onnx"),
        task=task,
        classes=classes,
        target=target,
        metrics=check_metrics(metrics),
        tags=check_tags(tags),
        origin={"packed_with": f"scienceops {__version__}", "workflow": "onnx"},
        created_at=created_at,
    )
    with draft.running() as runner:
        scored = runner.predict(rows)
        if any(value is None for value in scored.predictions):
            raise ModelFailed("the graph predicts NaN or infinity for a row of the sample")
        shares = scored.probabilities
        draft = replace(draft, classes=tuple(shares[0]) if shares else ())
        draft = draft.answered(rows, scored)
        if training is not None:
            draft = draft.with_training(training, runner)
    return PackedClassic(draft.write(out), ())


def _classes(data: bytes, path: Path) -> tuple[str, ...]:
    """The class labels that the graph states, in the order of its probabilities; maybe none."""
    try:
        import onnx
    except ImportError:
        raise BadInput(f"packing {path} needs onnx: pip install onnx onnxruntime") from None
    from google.protobuf.message import DecodeError

    try:
        graph = onnx.load_from_string(data).graph
    except DecodeError as error:
        raise BadInput(f"{path} is no ONNX file: {error}; export the model again") from None
    outside = [t.name for t in graph.initializer if t.data_location == onnx.TensorProto.EXTERNAL]
    if outside:
        raise BadInput(
            f"{path} keeps {outside[0]!r} in another file: export the model with its weights inside"
        )
    found: tuple[str, ...] = ()
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.name in _LABELS:
                labels = onnx.helper.get_attribute_value(attribute)
                texts = (v.decode() if isinstance(v, bytes) else str(v) for v in labels)
                found = tuple(texts) or found
    return found


def _as_the_graph_types(schema: Schema, inputs: Sequence[Any]) -> Schema:
    """The schema with numbers where the graph takes floats, since a sample is whole by chance."""
    kinds = {i.name: i.type for i in inputs}
    shared = inputs[0].type if len(inputs) == 1 else ""

    def typed(column: Column) -> Column:
        floats = kinds.get(column.name, shared) in ("tensor(float)", "tensor(double)")
        is_whole = floats and column.type == "integer"
        return replace(column, type="number") if is_whole else column

    return Schema(tuple(map(typed, schema.columns)))
