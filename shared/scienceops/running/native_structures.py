"""Native structures: trees and splines whose compiled code follows indices without looking.

A skops file can hold a tree of the right type with wrong indices, or a spline with fewer
coefficients than its knots ask for; the first prediction would then read foreign memory or never
end. Both are checked once, when the model is loaded.
"""

from typing import Any

import numpy as np
from scipy.interpolate import BSpline
from sklearn.ensemble._forest import BaseForest
from sklearn.ensemble._gb import BaseGradientBoosting
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
from sklearn.neighbors import BallTree, KDTree
from sklearn.tree._tree import TREE_LEAF, Tree

from scienceops.errors import BadPackage
from scienceops.running.object_graph import reachable


def check_native_structures(model: Any, *, file: str) -> None:
    """Raise BadPackage when a tree in the model points outside itself or outside its features, or a
    spline outside its coefficients."""
    for item in reachable(model):
        if isinstance(item, Tree):
            _check(_is_sound_tree(item), "decision tree", file)
        elif isinstance(item, TreePredictor):
            _check(_is_sound_predictor(item), "histogram tree", file)
        elif isinstance(item, KDTree | BallTree):
            _check(_is_sound_neighbours(item), "neighbours tree", file)
        elif isinstance(item, BSpline):
            _check(_is_sound_spline(item), "spline", file)
        else:
            _check(_agrees_with_its_trees(item), f"{type(item).__name__} and its trees", file)


def _check(sound: bool, what: str, file: str) -> None:
    if not sound:
        raise BadPackage(
            f"a {what} holds indices that point outside of it",
            file=file,
            fix="pack the model again from the training code",
        )


def _is_sound_tree(tree: Tree) -> bool:
    left, right = tree.children_left, tree.children_right
    return _is_sound_binary_tree(left, right, tree.feature, left == TREE_LEAF, tree.n_features)


def _is_sound_predictor(predictor: TreePredictor) -> bool:
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    categorical = nodes["is_categorical"].astype(bool) & ~leaf
    sets = min(len(predictor.raw_left_cat_bitsets), len(predictor.binned_left_cat_bitsets))
    return bool((nodes["bitset_idx"][categorical] < sets).all()) and _is_sound_binary_tree(
        nodes["left"], nodes["right"], nodes["feature_idx"], leaf, None
    )


def _is_sound_binary_tree(
    left: Any, right: Any, feature: Any, leaf: Any, features: int | None
) -> bool:
    inner = ~np.asarray(leaf)
    at = np.flatnonzero(inner)
    left, right, feature = (np.asarray(a)[inner].astype(np.int64) for a in (left, right, feature))
    # scikit-learn numbers children after their parent, so a path that only rises must end.
    inside = (left > at) & (right > at) & (left < len(inner)) & (right < len(inner))
    known = (feature >= 0) & (feature < features if features is not None else True)
    return bool(len(leaf) and inside.all() and np.all(known))


def _is_sound_neighbours(tree: KDTree | BallTree) -> bool:
    data, index, nodes, bounds = (np.asarray(a) for a in tree.get_arrays())
    rows, count = len(data), len(nodes)
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    start, end = nodes["idx_start"], nodes["idx_end"]
    return bool(
        len(index) == rows
        and ((index >= 0) & (index < rows)).all()
        and ((start >= 0) & (start <= end) & (end <= rows)).all()
        and (2 * inner + 2 < count).all()
        and bounds.shape[1] == count
        and bounds.shape[2] == data.shape[1]
    )


def _is_sound_spline(spline: BSpline) -> bool:
    knots, coefficients, degree = np.asarray(spline.t), np.asarray(spline.c), spline.k
    if (
        not isinstance(degree, int | np.integer)
        or degree < 0
        or knots.ndim != 1
        or coefficients.ndim < 1
    ):
        return False
    # scipy's own conditions, which it checks when a spline is made, and no more when it is asked.
    pieces = len(knots) - degree - 1
    rises = np.isfinite(knots).all() and (np.diff(knots) >= 0).all()
    return bool(rises and pieces > degree and len(coefficients) >= pieces)


def _agrees_with_its_trees(item: Any) -> bool:
    """Whether an estimator checks its input for as many features as its trees read."""
    features = getattr(item, "n_features_in_", None)
    held = getattr(item, "__dict__", {})
    if features is None:
        return True
    if isinstance(tree := held.get("tree_"), Tree) and tree.n_features != features:
        return False
    # These check the input once and then trust their members with it; all others check again.
    if isinstance(item, BaseForest | BaseGradientBoosting):
        members = np.ravel(item.estimators_) if hasattr(item, "estimators_") else ()
        if any(member.tree_.n_features != features for member in members):
            return False
    histograms = [p for p in reachable(held.get("_predictors", ())) if isinstance(p, TreePredictor)]
    return all(
        (p.nodes["feature_idx"][~p.nodes["is_leaf"].astype(bool)] < features).all()
        for p in histograms
    )
