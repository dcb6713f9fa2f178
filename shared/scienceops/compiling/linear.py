"""Lowering of linear models."""

from typing import Any

import numpy as np

from scienceops.compiled.answers import Classes, Rule, Value
from scienceops.compiled.columns import Linear
from scienceops.compiled.step import Step
from scienceops.compiling.registry import (
    CannotCompile,
    Flow,
    chain,
    lower_predictor,
    numbers,
    predicts,
)

_REGRESSORS = (
    "LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV",
    "BayesianRidge", "ARDRegression", "HuberRegressor", "TheilSenRegressor", "Lars", "LarsCV",
    "LassoLars", "LassoLarsCV", "LassoLarsIC", "OrthogonalMatchingPursuit",
    "OrthogonalMatchingPursuitCV", "LinearSVR", "SGDRegressor", "QuantileRegressor",
    "PassiveAggressiveRegressor",
)  # fmt: skip
_GENERALISED = ("PoissonRegressor", "GammaRegressor", "TweedieRegressor")
_CLASSIFIERS = (
    "LogisticRegression", "LogisticRegressionCV", "LinearSVC", "RidgeClassifier",
    "RidgeClassifierCV", "SGDClassifier", "Perceptron", "PassiveAggressiveClassifier",
    "LinearDiscriminantAnalysis",
)  # fmt: skip


def scores_of(model: Any, flow: Flow) -> Step:
    """X @ coef.T + intercept."""
    coefficients = np.asarray(model.coef_, dtype=np.float64)
    if coefficients.ndim == 1:
        coefficients = coefficients[None, :]
    if coefficients.shape[1] != flow.width:
        raise CannotCompile(f"{coefficients.shape[1]} coefficients for {flow.width} columns")
    intercept = np.broadcast_to(np.asarray(model.intercept_, np.float64), len(coefficients)).copy()
    linear = Linear(coefficients, intercept)
    return linear if flow.sparse else chain(*numbers(flow), linear)


@predicts(*_REGRESSORS)
def regressor(model: Any, flow: Flow) -> Step:
    """One score, as it is."""
    return _one(model, Value(scores_of(model, flow)))


@predicts(*_GENERALISED)
def generalised(model: Any, flow: Flow) -> Step:
    """One score, through the link."""
    link = type(model._base_loss.link).__name__
    if link not in ("LogLink", "IdentityLink"):
        raise CannotCompile(f"{type(model).__name__} has the link {link}")
    return _one(model, Value(scores_of(model, flow), "exp" if link == "LogLink" else "identity"))


def _one(model: Any, value: Value) -> Step:
    if np.ndim(model.coef_) > 1 and len(model.coef_) > 1:
        raise CannotCompile(f"{type(model).__name__} has several targets")
    return value


@predicts(*_CLASSIFIERS)
def classifier(model: Any, flow: Flow) -> Step:
    """Scores of classes, and probabilities by the class's own rule."""
    return Classes(scores_of(model, flow), _rule(model))


def _rule(model: Any) -> Rule:
    name, two = type(model).__name__, len(model.classes_) == 2
    if not hasattr(model, "predict_proba"):
        return "none"
    if name.startswith("LogisticRegression") or name == "LinearDiscriminantAnalysis":
        return "sigmoid" if two else "softmax"
    if name == "SGDClassifier" and model.loss == "log_loss":
        return "sigmoid"
    raise CannotCompile(f"the probabilities of {name} have no compiled form yet")


@predicts("RANSACRegressor")
def ransac(model: Any, flow: Flow) -> Step:
    """The estimator that its consensus found."""
    return lower_predictor(model.estimator_, flow)
