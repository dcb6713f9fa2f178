"""scikit-learn models of every kind: packed as skops, unpacked, and answering as before."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import (
    ElasticNet,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    SGDClassifier,
    TweedieRegressor,
)
from sklearn.model_selection import GridSearchCV, StratifiedKFold, TunedThresholdClassifierCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    PolynomialFeatures,
    QuantileTransformer,
    SplineTransformer,
    StandardScaler,
)
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from scienceops.core.package import read_package
from scienceops.packing import pack
from scienceops.running import load_runner

CLASSIFIERS = [
    LogisticRegression(max_iter=500),
    DecisionTreeClassifier(random_state=0),
    RandomForestClassifier(5, random_state=0),
    GradientBoostingClassifier(n_estimators=3, random_state=0),
    HistGradientBoostingClassifier(max_iter=3),
    AdaBoostClassifier(n_estimators=3, random_state=0),
    BaggingClassifier(n_estimators=3, max_features=0.5, random_state=0),
    KNeighborsClassifier(),
    KNeighborsClassifier(algorithm="ball_tree", metric="manhattan"),
    GaussianNB(),
    LinearDiscriminantAnalysis(),
    LinearSVC(random_state=0),
    SVC(),
    SGDClassifier(random_state=0),
    CalibratedClassifierCV(LinearSVC(random_state=0), cv=2),
    CalibratedClassifierCV(LinearSVC(random_state=0), cv=2, method="isotonic"),
    StackingClassifier([("a", DecisionTreeClassifier(max_depth=2, random_state=0))], cv=2),
    VotingClassifier([("a", GaussianNB()), ("b", make_pipeline(PCA(2), GaussianNB()))]),
    GridSearchCV(SVC(), {"C": [1.0, 2.0]}, cv=StratifiedKFold(2), scoring="accuracy"),
    make_pipeline(StandardScaler(), MLPClassifier([4], max_iter=5, random_state=0)),
    make_pipeline(SelectKBest(k=2), RandomForestClassifier(3, random_state=0)),
    make_pipeline(KBinsDiscretizer(3), LogisticRegression()),
    make_pipeline(QuantileTransformer(n_quantiles=10), LogisticRegression()),
    make_pipeline(FunctionTransformer(np.clip, kw_args={"a_min": 1, "a_max": 4}), GaussianNB()),
]
REGRESSORS = [
    Ridge(),
    ElasticNet(),
    PoissonRegressor(),
    TweedieRegressor(power=1.5),
    RandomForestRegressor(5, random_state=0),
    ExtraTreesRegressor(5, random_state=0),
    GradientBoostingRegressor(loss="huber", n_estimators=3, random_state=0),
    HistGradientBoostingRegressor(loss="poisson", max_iter=3),
    KNeighborsRegressor(),
    GaussianProcessRegressor(alpha=1.0),
    SVR(),
    make_pipeline(SplineTransformer(n_knots=3), Ridge()),
    make_pipeline(PolynomialFeatures(2), Ridge()),
    make_pipeline(
        make_column_transformer((StandardScaler(), ["age", "bmi"]), remainder="drop"), Ridge()
    ),
]
IRIS = load_iris(as_frame=True)
DIABETES = load_diabetes(as_frame=True)


def name_of(model):
    parts = [step for _, step in model.steps] if hasattr(model, "steps") else [model]
    return "+".join(type(part).__name__ for part in parts)


def fitted(model, features, labels):
    with warnings.catch_warnings():
        # A few steps are enough here, so that some models have not converged.
        warnings.simplefilter("ignore")
        return model.fit(features, labels)


def reloaded(path, folder):
    package = read_package(path, limit_bytes=10**9)
    package.extract_to(folder)
    return package, load_runner(folder)


@pytest.mark.parametrize("model", CLASSIFIERS, ids=name_of)
def test_a_classifier_answers_as_before(model, tmp_path):
    labels = IRIS.target_names[IRIS.target]
    features = IRIS.data
    model = fitted(model, features, labels)
    path = pack(model, features, name="iris", path=tmp_path)
    package, runner = reloaded(path, tmp_path / "out")
    chosen = pd.DataFrame(package.sample.rows)
    scored = runner.predict(package.sample.rows)
    assert scored.predictions == model.predict(chosen).tolist()
    assert package.sample.predictions == scored.predictions
    assert package.manifest.task == "classification"
    assert package.manifest.classes == ("setosa", "versicolor", "virginica")
    assert package.manifest.model.format == "skops"
    if scored.probabilities is not None:
        shares = [list(row.values()) for row in scored.probabilities]
        assert np.allclose(shares, model.predict_proba(chosen))


@pytest.mark.parametrize("model", REGRESSORS, ids=name_of)
def test_a_regressor_answers_as_before(model, tmp_path):
    features, target = DIABETES.data.head(120), DIABETES.target.head(120)
    model = fitted(model, features, target)
    path = pack(model, features, name="diabetes", path=tmp_path)
    package, runner = reloaded(path, tmp_path / "out")
    chosen = pd.DataFrame(package.sample.rows)
    assert np.allclose(runner.predict(package.sample.rows).predictions, model.predict(chosen))
    assert (package.manifest.task, package.manifest.classes) == ("regression", ())
    assert package.manifest.model.format == "skops"


def test_a_classifier_with_a_threshold_that_was_searched_for_answers_as_before(tmp_path):
    labels = np.where(IRIS.target == 2, "virginica", "other")
    model = fitted(TunedThresholdClassifierCV(LogisticRegression(), cv=2), IRIS.data, labels)
    _, runner = reloaded(pack(model, IRIS.data, name="iris", path=tmp_path), tmp_path / "out")
    rows = IRIS.data.to_dict("records")
    assert runner.predict(rows).predictions == model.predict(IRIS.data).tolist()
