"""Forests: the sum of the leaves in the order of the trees, to the last bit."""

import numpy as np
import pytest
from parity_models import flowers, name_of, patients
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)

from scienceops.compiled.forest import Forest
from scienceops.compiled.tree_walk import TreeWalk
from scienceops.compiling import compile_model
from scienceops.packing.infer_schema import infer_schema

MODELS = [
    RandomForestClassifier(30, random_state=0),
    GradientBoostingClassifier(n_estimators=5, random_state=0),
    HistGradientBoostingClassifier(max_iter=5),
    ExtraTreesRegressor(20, random_state=0),
]


def forest_of(model):
    features, labels = flowers()
    if "Regressor" in type(model).__name__:
        features, labels = features.iloc[:, :3], features.iloc[:, 3]
    return found_in(model.fit(features, labels), features), features.to_numpy()


def found_in(model, features):
    pending = [compile_model(model, infer_schema(features)).root]
    while pending:
        step = pending.pop()
        if isinstance(step, Forest):
            return step
        pending += [p for p in vars(step).values() if hasattr(p, "__dataclass_fields__")]
        pending += getattr(step, "steps", [])
    raise AssertionError("no forest")


def test_a_large_forest_is_in_memory_once():
    features, target = patients()
    forest = found_in(RandomForestClassifier(3, random_state=0).fit(features, target), features)
    assert isinstance(forest._walk, TreeWalk)
    assert forest._values is forest.leaves
    assert not forest._by_output


def as_it_is_defined(forest, rows):
    nodes = forest._walk.nodes.take(forest._walk.places(rows))
    total = np.repeat(forest.start[None], len(rows), axis=0)
    for tree, found in enumerate(nodes):
        if forest.leaves.shape[1] == 1:
            total[:, tree % forest.outputs] += forest.leaves[found, 0]
        else:
            total += forest.leaves[found]
    return total / forest.divisor


@pytest.mark.parametrize("model", MODELS, ids=name_of)
@pytest.mark.parametrize("start", [0.0, 0.1])
@pytest.mark.parametrize("count", [1, 2, 9, 300])
def test_trees_are_added_one_after_another(model, start, count):
    forest, rows = forest_of(model)
    held = {name: getattr(forest, name) for name in forest.__dataclass_fields__ if name[0] != "_"}
    forest = Forest(**{**held, "start": forest.start + start})
    rows = np.resize(rows, (count, rows.shape[1]))
    rows = rows.astype(np.float32).astype(np.float64)
    assert forest(rows).tolist() == as_it_is_defined(forest, rows).tolist()
