"""Lowering of what puts other estimators together: pipelines, column transformers, searches."""

from typing import Any

from scienceops.compiled.columns import Beside, Columns
from scienceops.compiled.step import Step
from scienceops.compiling.registry import (
    CannotCompile,
    Flow,
    Lowered,
    chain,
    lower_predictor,
    lower_transformer,
    numbers,
    predicts,
    transforms,
)


@predicts("Pipeline")
def predict_pipeline(pipeline: Any, flow: Flow) -> Step:
    """Every transformer in turn, then the predictor."""
    *before, (_, last) = pipeline.steps
    step, flow = _in_turn(before, flow)
    predictor = lower_predictor(last, flow)
    return predictor if step is None else chain(step, predictor)


@transforms("Pipeline")
def transform_pipeline(pipeline: Any, flow: Flow) -> Lowered:
    """Every transformer in turn."""
    step, flow = _in_turn(pipeline.steps, flow)
    return (chain(*numbers(flow, missing=True)) if step is None else step), flow


def _in_turn(steps: Any, flow: Flow) -> tuple[Step | None, Flow]:
    made: list[Step] = []
    for _, transformer in steps:
        if transformer is None or transformer == "passthrough":
            continue
        step, flow = lower_transformer(transformer, flow)
        made.append(step)
    return (chain(*made) if made else None), flow


@transforms("ColumnTransformer")
def column_transformer(transformer: Any, flow: Flow) -> Lowered:
    """Each part on its own columns, side by side."""
    parts: list[Lowered] = []
    weights: list[float] = []
    places = transformer._transformer_to_input_indices
    for name, part, _ in transformer.transformers_:
        if part == "drop" or not len(places[name]):
            continue
        positions = _positions(transformer, places[name], flow)
        own = _part_of(flow, positions)
        if part == "passthrough":
            step: Step = chain(Columns(positions), *numbers(own, missing=True))
            made = Flow(own.width, own.missing)
        else:
            step, made = lower_transformer(part, own)
            step = chain(Columns(positions), step)
        parts.append((step, made))
        weights.append(float((transformer.transformer_weights or {}).get(name, 1.0)))
    return _beside(parts, weights)


def _positions(transformer: Any, places: Any, flow: Flow) -> list[int]:
    """Where the columns at these places in training are now: of a frame, they go by name."""
    names = getattr(transformer, "feature_names_in_", None)
    if flow.columns is None or names is None:
        return [int(place) for place in places]
    now = {column.name: position for position, column in enumerate(flow.columns)}
    lacking = [names[place] for place in places if names[place] not in now]
    if lacking:
        raise CannotCompile(f"the rows have no column {lacking[0]!r}")
    return [now[names[place]] for place in places]


@transforms("FeatureUnion")
def feature_union(union: Any, flow: Flow) -> Lowered:
    """Each part on all columns, side by side."""
    parts: list[Lowered] = []
    weights: list[float] = []
    for name, part in union.transformer_list:
        if part == "drop":
            continue
        if part == "passthrough":
            parts.append((chain(*numbers(flow, missing=True)), Flow(flow.width, flow.missing)))
        else:
            parts.append(lower_transformer(part, flow))
        weights.append(float((union.transformer_weights or {}).get(name, 1.0)))
    return _beside(parts, weights)


def _beside(parts: list[Lowered], weights: list[float]) -> Lowered:
    if not parts:
        raise CannotCompile("no column is left for the model")
    width = sum(made.width for _, made in parts)
    missing = any(made.missing for _, made in parts)
    steps = [step for step, _ in parts]
    if len(parts) == 1 and weights == [1.0]:
        return parts[0]
    factors = None if set(weights) == {1.0} else weights
    return Beside(steps, factors), Flow(width, missing)


def _part_of(flow: Flow, positions: list[int]) -> Flow:
    if flow.columns is None:
        return Flow(len(positions), flow.missing)
    return Flow.of([flow.columns[position] for position in positions])


@predicts(
    "GridSearchCV",
    "RandomizedSearchCV",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
)
def search(model: Any, flow: Flow) -> Step:
    """The best estimator of a search."""
    if not hasattr(model, "best_estimator_"):
        raise CannotCompile(f"{type(model).__name__} has no compiled form yet")
    return lower_predictor(model.best_estimator_, flow)
