"""Models of every kind that compiles, with their data: what parity is tried on."""

import warnings

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import (
    BayesianRidge,
    ElasticNet,
    GammaRegressor,
    HuberRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    Perceptron,
    PoissonRegressor,
    RANSACRegressor,
    Ridge,
    RidgeClassifier,
    RidgeCV,
    SGDClassifier,
    SGDRegressor,
    TweedieRegressor,
)
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline, make_union
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)
from sklearn.svm import LinearSVC, LinearSVR
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

from scienceops.compiled import read_program, write_program
from scienceops.compiling import compile_model
from scienceops.core.manifest import ModelInput
from scienceops.packing.infer_schema import infer_schema
from scienceops.running.compiled_runner import CompiledRunner
from scienceops.running.estimator_runner import EstimatorRunner

IRIS = load_iris(as_frame=True)
WINE = load_wine(as_frame=True)
CANCER = load_breast_cancer(as_frame=True)
DIABETES = load_diabetes(as_frame=True)


def flowers():
    return IRIS.data, IRIS.target_names[IRIS.target]


def tumours():
    return CANCER.data, CANCER.target.to_numpy()


def wines():
    return WINE.data, WINE.target.to_numpy()


def patients():
    return DIABETES.data, DIABETES.target.to_numpy()


def people():
    """Numbers, whole numbers, truths and categories, some of all missing."""
    random = np.random.default_rng(1)
    count = 400
    frame = pd.DataFrame(
        {
            "age": random.integers(18, 90, count),
            "income": random.lognormal(10, 1, count).round(2),
            "city": random.choice(["Ulm", "Köln", "Bonn", "Jena"], count),
            "plan": pd.Series(random.choice(["a", "b", "c"], count), dtype=object),
            "member": random.random(count) < 0.5,
            "visits": random.integers(0, 9, count).astype(float),
        }
    )
    frame.loc[frame.index % 7 == 0, "income"] = np.nan
    frame.loc[frame.index % 11 == 0, "plan"] = None
    frame.loc[frame.index % 13 == 0, "visits"] = np.nan
    label = np.where(frame["age"] + 20 * (frame["city"] == "Ulm") > 60, "yes", "no")
    return frame, label


def spending():
    frame, _ = people()
    return frame, frame["age"] * 3.0 + (frame["city"] == "Ulm") * 10


def texts():
    words = ["good", "fine", "Straße", "bad", "awful", "rain", "sun", "été", "the", "of", "a1"]
    random = np.random.default_rng(2)
    rows = [" ".join(random.choice(words, random.integers(1, 9))) for _ in range(120)]
    label = ["up" if "good" in row or "sun" in row else "down" for row in rows]
    return pd.Series(rows, name="text"), np.array(label)


def mixed(last, **options):
    """A model of people that scales, fills and encodes first."""
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    unknown = options.pop("handle_unknown", "ignore")
    words = make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown=unknown, **options)
    )
    chosen = make_column_transformer(
        (numbers, ["age", "income", "visits"]), (words, ["city", "plan"]), remainder="passthrough"
    )
    return make_pipeline(chosen, last)


def boosted(kind, **options):
    frame, _ = people()
    mask = [str(kind_of) == "object" for kind_of in frame.dtypes]
    encode = make_column_transformer(
        (
            OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan),
            make_column_selector(dtype_include=object),
        ),
        remainder="passthrough",
    )
    return make_pipeline(
        encode, kind(max_iter=20, categorical_features=[0, 1][: sum(mask)], **options)
    )


CASES = [
    (LogisticRegression(max_iter=500), flowers),
    (LogisticRegression(max_iter=5000), tumours),
    (
        LogisticRegressionCV(
            cv=2,
            max_iter=200,
        ),
        flowers,
    ),
    (make_pipeline(StandardScaler(), LogisticRegression()), wines),
    (make_pipeline(MinMaxScaler(clip=True), LogisticRegression()), wines),
    (make_pipeline(MaxAbsScaler(), LogisticRegression()), wines),
    (make_pipeline(RobustScaler(), LogisticRegression()), wines),
    (make_pipeline(Normalizer(), LogisticRegression()), wines),
    (make_pipeline(KBinsDiscretizer(4), LogisticRegression()), wines),
    (make_pipeline(Binarizer(threshold=1.0), LogisticRegression()), flowers),
    (make_pipeline(PolynomialFeatures(2), Ridge()), flowers),
    (make_pipeline(StandardScaler(), PCA(3, whiten=True), LogisticRegression()), wines),
    (make_pipeline(SelectKBest(k=3), VarianceThreshold(), LogisticRegression()), wines),
    (make_pipeline(FunctionTransformer(np.log1p), LogisticRegression(max_iter=500)), flowers),
    (make_pipeline(make_union(StandardScaler(), PCA(2)), LogisticRegression()), flowers),
    (LinearDiscriminantAnalysis(), flowers),
    (LinearSVC(random_state=0), flowers),
    (SGDClassifier(random_state=0), wines),
    (SGDClassifier(loss="log_loss", random_state=0), flowers),
    (Perceptron(random_state=0), flowers),
    (RidgeClassifier(), tumours),
    (GridSearchCV(LogisticRegression(max_iter=500), {"C": [0.1, 1.0]}, cv=2), flowers),
    (LinearRegression(), patients),
    (Ridge(), patients),
    (RidgeCV(), patients),
    (Lasso(0.1), patients),
    (ElasticNet(0.1), patients),
    (BayesianRidge(), patients),
    (HuberRegressor(), patients),
    (SGDRegressor(random_state=0), patients),
    (LinearSVR(random_state=0), patients),
    (PoissonRegressor(), patients),
    (GammaRegressor(), patients),
    (TweedieRegressor(power=0), patients),
    (RANSACRegressor(random_state=0), patients),
    (DecisionTreeClassifier(random_state=0), flowers),
    (ExtraTreeClassifier(random_state=0), wines),
    (RandomForestClassifier(30, random_state=0), flowers),
    (RandomForestClassifier(10, random_state=0, class_weight="balanced"), tumours),
    (ExtraTreesClassifier(20, random_state=0), wines),
    (GradientBoostingClassifier(n_estimators=10, random_state=0), flowers),
    (GradientBoostingClassifier(n_estimators=10, random_state=0), tumours),
    (HistGradientBoostingClassifier(max_iter=10), flowers),
    (HistGradientBoostingClassifier(max_iter=10), tumours),
    (DecisionTreeRegressor(random_state=0), patients),
    (ExtraTreeRegressor(random_state=0), patients),
    (RandomForestRegressor(20, random_state=0), patients),
    (ExtraTreesRegressor(20, random_state=0), patients),
    (GradientBoostingRegressor(loss="huber", n_estimators=10, random_state=0), patients),
    (HistGradientBoostingRegressor(loss="poisson", max_iter=10), patients),
    (HistGradientBoostingRegressor(max_iter=20), patients),
    (mixed(LogisticRegression()), people),
    (mixed(LogisticRegression(), drop="first", handle_unknown="error"), people),
    (mixed(LogisticRegression(), min_frequency=120, handle_unknown="infrequent_if_exist"), people),
    (mixed(RandomForestClassifier(10, random_state=0)), people),
    (mixed(Ridge()), spending),
    (boosted(HistGradientBoostingClassifier), people),
    (boosted(HistGradientBoostingRegressor), spending),
    (
        make_pipeline(
            make_column_transformer((TargetEncoder(cv=2), ["city", "plan"]), remainder="drop"),
            LogisticRegression(),
        ),
        people,
    ),
    (
        make_pipeline(
            make_column_transformer(
                (MissingIndicator(), ["income", "visits"]),
                (SimpleImputer(), ["age", "income", "visits"]),
            ),
            DecisionTreeClassifier(random_state=0),
        ),
        people,
    ),
    (make_pipeline(TfidfVectorizer(), LogisticRegression()), texts),
    (make_pipeline(TfidfVectorizer(sublinear_tf=True, norm="l1"), LinearSVC()), texts),
    (make_pipeline(CountVectorizer(ngram_range=(1, 2)), TfidfTransformer(), Ridge()), texts),
    (
        make_pipeline(
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), strip_accents="unicode"),
            LogisticRegression(),
        ),
        texts,
    ),
    (
        make_pipeline(
            CountVectorizer(analyzer="char", ngram_range=(1, 3), binary=True), LogisticRegression()
        ),
        texts,
    ),
    (
        make_pipeline(
            CountVectorizer(stop_words=["the", "of"], strip_accents="ascii"),
            TruncatedSVD(4, random_state=0),
            LogisticRegression(),
        ),
        texts,
    ),
    (
        make_pipeline(
            FeatureUnion(
                [("words", TfidfVectorizer()), ("signs", CountVectorizer(analyzer="char"))]
            ),
            LogisticRegression(),
        ),
        texts,
    ),
]


def name_of(part):
    if hasattr(part, "steps"):
        return "+".join(type(step).__name__ for _, step in part.steps)
    return type(part).__name__ if hasattr(part, "fit") else part.__name__


def fitted(model, features, labels):
    if isinstance(labels[0], str) and not hasattr(model, "predict_proba"):
        try:
            return model.fit(features, labels)
        except ValueError:
            labels = (labels == labels[0]).astype(float)
    with warnings.catch_warnings():
        # A few steps are enough here, so that some models have not converged.
        warnings.simplefilter("ignore")
        return model.fit(features, labels)


def both(model, features, tmp_path) -> tuple[CompiledRunner, EstimatorRunner, pd.DataFrame]:
    """(compiled, original, the data as a frame) of a fitted model."""
    frame = features.to_frame() if isinstance(features, pd.Series) else features
    form: ModelInput = "column" if isinstance(features, pd.Series) else "frame"
    schema = infer_schema(frame)
    path = tmp_path / "compiled.npz"
    path.write_bytes(write_program(compile_model(model, schema)))
    return CompiledRunner(read_program(path), schema), EstimatorRunner(model, schema, form), frame
