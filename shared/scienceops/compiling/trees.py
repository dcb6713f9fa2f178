"""Lowering of trees, forests and boosting."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scienceops.compiled.answers import Classes, LargestShare, Value
from scienceops.compiled.categories import Codes
from scienceops.compiled.columns import Beside, Chain, Finite
from scienceops.compiled.forest import Forest
from scienceops.compiled.step import Array, Step
from scienceops.compiling.registry import (
    CannotCompile,
    Flow,
    chain,
    lower_transformer,
    numbers,
    predicts,
)

_NO_CATEGORIES = np.zeros((0, 1), dtype=bool)


@dataclass(frozen=True)
class _Tree:
    """The nodes of one tree; see `Trees`. leaves: (nodes, width)."""

    feature: Array
    threshold: Array
    left: Array
    right: Array
    missing_left: Array
    category: Array
    leaves: Array


def _from_sklearn(tree: Any, values: Array) -> _Tree:
    leaf = tree.children_left < 0
    return _Tree(
        feature=np.where(leaf, -1, tree.feature).astype(np.int32),
        threshold=np.where(leaf, 0.0, tree.threshold),
        left=np.where(leaf, 0, tree.children_left).astype(np.int32),
        right=np.where(leaf, 0, tree.children_right).astype(np.int32),
        missing_left=tree.missing_go_to_left.astype(bool),
        category=np.full(len(leaf), -1, dtype=np.int32),
        leaves=np.where(leaf[:, None], values, 0.0),
    )


def _forest(
    trees: Sequence[_Tree],
    *,
    start: Array,
    divisor: float = 1.0,
    single: bool = True,
    goes_left: Array = _NO_CATEGORIES,
) -> Forest:
    sizes = [len(tree.feature) for tree in trees]
    joined = {
        name: np.concatenate([getattr(tree, name) for tree in trees])
        for name in _Tree.__dataclass_fields__
    }
    return Forest(
        starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        goes_left=goes_left,
        start=np.asarray(start, dtype=np.float64),
        outputs=len(start),
        divisor=divisor,
        single=single,
        **joined,
    )


def _given(model: Any, flow: Flow, tree: Any) -> list[Step]:
    if model.n_features_in_ != flow.width:
        raise CannotCompile(f"{model.n_features_in_} features for {flow.width} columns")
    return numbers(flow, missing=tree._support_missing_values(np.zeros((1, 1))))


@predicts("DecisionTreeClassifier", "ExtraTreeClassifier")
def tree_classifier(model: Any, flow: Flow) -> Step:
    """The shares of the leaf."""
    forest = _forest([_shares(model)], start=np.zeros(len(model.classes_)))
    return LargestShare(chain(*_given(model, flow, model), forest))


@predicts("RandomForestClassifier", "ExtraTreesClassifier")
def forest_classifier(model: Any, flow: Flow) -> Step:
    """The mean of the shares of the leaves."""
    trees = [_shares(tree) for tree in model.estimators_]
    forest = _forest(trees, start=np.zeros(len(model.classes_)), divisor=float(len(trees)))
    return LargestShare(chain(*_given(model, flow, model.estimators_[0]), forest))


def _shares(model: Any) -> _Tree:
    return _from_sklearn(model.tree_, model.tree_.value[:, 0, :])


@predicts("DecisionTreeRegressor", "ExtraTreeRegressor")
def tree_regressor(model: Any, flow: Flow) -> Step:
    """The value of the leaf."""
    forest = _forest([_value(model)], start=np.zeros(1))
    return Value(chain(*_given(model, flow, model), forest))


@predicts("RandomForestRegressor", "ExtraTreesRegressor")
def forest_regressor(model: Any, flow: Flow) -> Step:
    """The mean of the values of the leaves."""
    trees = [_value(tree) for tree in model.estimators_]
    forest = _forest(trees, start=np.zeros(1), divisor=float(len(trees)))
    return Value(chain(*_given(model, flow, model.estimators_[0]), forest))


def _value(model: Any, factor: float = 1.0) -> _Tree:
    return _from_sklearn(model.tree_, factor * model.tree_.value[:, :, 0])


@predicts("GradientBoostingClassifier", "GradientBoostingRegressor")
def gradient_boosting(model: Any, flow: Flow) -> Step:
    """The start, and every stage's value times the learning rate."""
    start = model._raw_predict_init(np.zeros((1, model.n_features_in_), dtype=np.float32))
    other = np.ones((1, model.n_features_in_), dtype=np.float32)
    if model.init_ != "zero" and (model._raw_predict_init(other) != start).any():
        raise CannotCompile("the start of the boosting depends on the row")
    if type(model.init_).__name__ not in ("DummyClassifier", "DummyRegressor", "str"):
        raise CannotCompile("the boosting starts from another model")
    trees = [_value(tree, model.learning_rate) for stage in model.estimators_ for tree in stage]
    given = _given(model, flow, model.estimators_[0, 0])
    scores = chain(*given, Finite(single=True), _forest(trees, start=start[0]))
    if not hasattr(model, "classes_"):
        return Value(scores)
    if model.loss == "exponential":
        raise CannotCompile("the probabilities of exponential loss have no compiled form yet")
    return Classes(scores, "sigmoid" if start.shape[1] == 1 else "softmax", at_least=True)


@predicts("HistGradientBoostingClassifier", "HistGradientBoostingRegressor")
def histogram_boosting(model: Any, flow: Flow) -> Step:
    """The baseline, and every iteration's value."""
    if model.n_features_in_ != flow.width:
        raise CannotCompile(f"{model.n_features_in_} features for {flow.width} columns")
    given: Step = Chain([])
    if model._preprocessor is None:
        given = chain(*numbers(flow, missing=True))
    else:
        given, _ = lower_transformer(model._preprocessor, flow)
        if flow.columns is None:
            given = _without_same_codes(given)
    known, place_of = model._bin_mapper.make_known_categories_bitsets()
    tables: list[Array] = []
    trees = [
        _from_histogram(predictor, known, place_of, tables)
        for stage in model._predictors
        for predictor in stage
    ]
    table = np.array(tables, dtype=bool).reshape(len(tables), -1) if tables else _NO_CATEGORIES
    start = np.asarray(model._baseline_prediction, dtype=np.float64).ravel()
    scores = chain(given, _forest(trees, start=start, single=False, goes_left=table))
    if hasattr(model, "classes_"):
        return Classes(scores, "sigmoid" if len(start) == 1 else "softmax")
    link = type(model._loss.link).__name__
    if link not in ("IdentityLink", "LogLink"):
        raise CannotCompile(f"its loss has the link {link}")
    return Value(scores, "exp" if link == "LogLink" else "identity")


def _without_same_codes(given: Step) -> Step:
    """Without looking up what is a category's number already, where it was encoded before.

    The trees take an unknown one for a missing one, as the lookup does.
    """
    if isinstance(given, Beside):
        return Beside([_without_same_codes(part) for part in given.steps], given.weights)
    if not isinstance(given, Chain):
        return given
    same = (isinstance(part, Codes) and _are_same(part) for part in given.steps)
    return Chain([part for part, is_same in zip(given.steps, same, strict=True) if not is_same])


def _are_same(codes: Codes) -> bool:
    unknown_is_missing = not codes.refuses and set(codes.unknown) == {None}
    return unknown_is_missing and codes.categories == codes.numbers


def _from_histogram(predictor: Any, known: Array, place_of: Array, tables: list[Array]) -> _Tree:
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    category = np.full(len(nodes), -1, dtype=np.int32)
    missing_left = nodes["missing_go_to_left"].astype(bool)
    for index in np.flatnonzero(nodes["is_categorical"].astype(bool) & ~leaf):
        node = nodes[index]
        goes_left = _bits(predictor.raw_left_cat_bitsets[node["bitset_idx"]])
        seen = _bits(known[place_of[node["feature_idx"]]])
        # A category that training did not have goes as a missing one does.
        category[index] = len(tables)
        tables.append(np.where(seen, goes_left, missing_left[index]))
    return _Tree(
        feature=np.where(leaf, -1, nodes["feature_idx"]).astype(np.int32),
        threshold=np.where(leaf, 0.0, nodes["num_threshold"]),
        left=np.where(leaf, 0, nodes["left"]).astype(np.int32),
        right=np.where(leaf, 0, nodes["right"]).astype(np.int32),
        missing_left=missing_left,
        category=category,
        leaves=np.where(leaf, nodes["value"], 0.0)[:, None],
    )


def _bits(words: Array) -> Array:
    """The 256 bits of eight words of 32."""
    return np.unpackbits(np.ascontiguousarray(words).view(np.uint8), bitorder="little").astype(bool)
