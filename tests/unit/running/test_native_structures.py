"""Trees with indices that point outside: of the right type, and still refused at loading."""

import numpy as np
import pytest
import skops.io
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, SplineTransformer
from sklearn.tree import DecisionTreeClassifier

from scienceops.errors import BadPackage
from scienceops.running.load import load_skops
from scienceops.running.native_structures import check_native_structures

FEATURES, LABELS = load_iris(return_X_y=True)


def fitted(model):
    return model.fit(FEATURES, LABELS)


def forge_tree(tree, **columns):
    """Put values into a tree's own memory, as a forged file would."""
    state = tree.__getstate__()
    for name, (node, value) in columns.items():
        state["nodes"][name][node] = value
    tree.__setstate__(state)


def refused(model):
    with pytest.raises(BadPackage, match=r"model\.skops: a .* point outside of it"):
        check_native_structures(model, file="model.skops")


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeClassifier(ccp_alpha=0.01),
        DecisionTreeClassifier(max_leaf_nodes=5),
        RandomForestClassifier(3),
        GradientBoostingClassifier(n_estimators=2),
        HistGradientBoostingClassifier(max_iter=2, categorical_features=[0]),
        KNeighborsClassifier(algorithm="kd_tree", leaf_size=5),
        KNeighborsClassifier(algorithm="ball_tree", leaf_size=5),
        SplineTransformer(),
        SplineTransformer(degree=0, extrapolation="linear"),
        SplineTransformer(knots="quantile", extrapolation="periodic"),
        VotingClassifier(
            [("wide", make_pipeline(PolynomialFeatures(2), RandomForestClassifier(2)))]
        ),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_sound_model_passes(model):
    check_native_structures(fitted(model), file="model.skops")


@pytest.mark.parametrize(
    "forgery",
    [
        {"left_child": (0, 10_000)},
        {"right_child": (0, -5)},
        {"left_child": (2, 0)},
        {"feature": (0, 400)},
        {"feature": (0, -3)},
    ],
)
def test_a_tree_that_points_outside_or_back_is_refused(forgery):
    model = fitted(DecisionTreeClassifier(random_state=0))
    forge_tree(model.tree_, **forgery)
    refused(model)


def test_a_forest_with_one_forged_tree_is_refused():
    model = fitted(RandomForestClassifier(3, random_state=0))
    forge_tree(model.estimators_[2].tree_, feature=(0, 99))
    refused(make_pipeline(model))


def test_a_forest_that_takes_fewer_features_than_its_trees_read_is_refused():
    model = fitted(RandomForestClassifier(3, random_state=0))
    model.n_features_in_ = 1
    refused(model)


def test_a_tree_that_takes_fewer_features_than_it_reads_is_refused():
    model = fitted(DecisionTreeClassifier())
    model.n_features_in_ = 1
    refused(model)


@pytest.mark.parametrize("field", ["left", "right", "feature_idx"])
def test_a_histogram_tree_that_points_outside_is_refused(field):
    model = fitted(HistGradientBoostingClassifier(max_iter=1))
    predictor = model._predictors[0][0]
    predictor.nodes[field][0] = 5000
    refused(model)


def test_a_histogram_tree_with_a_forged_category_set_is_refused():
    model = fitted(HistGradientBoostingClassifier(max_iter=1, categorical_features=[2]))
    nodes = model._predictors[0][0].nodes
    nodes["is_categorical"][0] = 1
    nodes["bitset_idx"][0] = 4000
    refused(model)


@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree"])
def test_a_neighbours_tree_that_points_outside_is_refused(algorithm):
    model = fitted(KNeighborsClassifier(algorithm=algorithm, leaf_size=5))
    state = list(model._tree.__getstate__())
    at = next(i for i, part in enumerate(state) if getattr(part, "dtype", None) == np.intp)
    state[at] = np.full_like(state[at], 10_000)
    model._tree.__setstate__(tuple(state))
    refused(model)


@pytest.mark.parametrize(
    "forgery",
    [
        {"c": np.eye(2)},
        {"t": np.arange(4.0)},
        {"t": np.linspace(0, 1, 5000)},
        {"t": np.linspace(1, 0, 11)},
        {"t": np.full(11, np.nan)},
        {"k": 400},
        {"k": -1},
        {"k": 3.0},
    ],
)
def test_a_spline_that_points_outside_its_coefficients_is_refused(forgery):
    model = fitted(SplineTransformer())
    forge_spline(model.bsplines_[0], **forgery)
    refused(model)


def test_a_file_with_such_a_spline_is_refused(tmp_path):
    model = fitted(SplineTransformer())
    forge_spline(model.bsplines_[2], c=np.eye(2))
    skops.io.dump(model, tmp_path / "model.skops")
    held = tuple(skops.io.get_untrusted_types(file=tmp_path / "model.skops"))
    with pytest.raises(BadPackage, match=r"model\.skops: a spline .* point outside of it"):
        load_skops(tmp_path / "model.skops", stated=held)


def forge_spline(spline, **values):
    """Put values where a spline keeps its own, which a file does without any of scipy's checks."""
    for name, value in values.items():
        kept = f"_{name}" if f"_{name}" in vars(spline) else name
        vars(spline)[kept] = value
