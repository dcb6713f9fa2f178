"""Models that are seldom seen, yet sound: packed, compiled where they can be, and told clearly."""

import functools
import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, PoissonRegressor, Ridge
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
    normalize,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from scienceops.compiling import CannotCompile, compile_model
from scienceops.errors import ModelFailed
from scienceops.packing import pack
from scienceops.packing.infer_schema import infer_schema
from scienceops.running import load_runner

ROWS = 200
RANDOM = np.random.default_rng(3)
NUMBERS = pd.DataFrame({"a": RANDOM.normal(size=ROWS), "b": RANDOM.exponential(size=ROWS) * 50})
CITIES = NUMBERS.assign(city=RANDOM.choice(["Ulm", "Bonn"], ROWS), spare=RANDOM.random(ROWS) < 0.5)
TARGET = (NUMBERS["a"] * 3 + NUMBERS["b"]).to_numpy()
COUNTS = RANDOM.poisson(np.exp(NUMBERS["a"] * 0.3 + 1)).astype(float)


def packed(model, features, folder, **options):
    path = pack(
        model, features.head(20), name="odd", training_data=features, path=folder, **options
    )
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder / "unpacked")
        runtime = json.loads(archive.read("manifest.json")).get("runtime", {})
    return runtime, load_runner(folder / "unpacked")


def test_a_column_without_any_value_is_proved_on_numbers_it_may_have(tmp_path):
    features = NUMBERS.assign(empty=np.nan)
    model = make_pipeline(SimpleImputer(keep_empty_features=True), Ridge()).fit(features, TARGET)
    assert packed(model, features, tmp_path)[0]["kind"] == "compiled"


@pytest.mark.filterwarnings("ignore:overflow")
def test_answers_that_overflow_far_outside_are_the_same_null(tmp_path):
    model = make_pipeline(StandardScaler(), PoissonRegressor()).fit(NUMBERS, COUNTS)
    runtime, runner = packed(model, NUMBERS, tmp_path)
    assert runtime["kind"] == "compiled"
    assert runner.predict([{"a": 1e9, "b": 1e9}, {"a": 0.0, "b": 1.0}]).predictions[1] > 0


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_model_that_overflows_and_is_not_compiled_is_packed(tmp_path):
    model = TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1)
    runtime, _ = packed(model.fit(NUMBERS, COUNTS), NUMBERS, tmp_path)
    assert "TransformedTargetRegressor has no compiled form" in runtime["reason"]


def test_whole_numbers_near_the_end_of_their_range_are_proved_within_it(tmp_path):
    features = NUMBERS.assign(big=RANDOM.integers(2**53, 2**60, ROWS))
    model = DecisionTreeRegressor(max_depth=4).fit(features, TARGET)
    assert packed(model, features, tmp_path)[0]["kind"] == "compiled"


def test_columns_in_another_order_than_in_training_are_found_by_name(tmp_path):
    chosen = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["city"]), (StandardScaler(), ["a", "b"])
    )
    model = make_pipeline(chosen, Ridge()).fit(CITIES, TARGET)
    runtime, runner = packed(model, CITIES[["b", "city", "a"]], tmp_path)
    assert runtime["kind"] == "compiled"
    rows = CITIES[["b", "city", "a"]].to_dict("records")
    assert runner.predict(rows).predictions == pytest.approx(model.predict(CITIES).tolist())


def test_a_function_with_arguments_is_told_by_its_name(tmp_path):
    apart = FunctionTransformer(functools.partial(normalize, norm="l1"))
    model = make_pipeline(apart, Ridge()).fit(NUMBERS, TARGET)
    runtime, _ = packed(model, NUMBERS, tmp_path, allow_pickle=True)
    assert "FunctionTransformer of functools.partial(<function normalize" in runtime["reason"]


def test_a_network_of_several_classes_is_not_told_to_have_several_targets():
    model = MLPClassifier(2, max_iter=1, solver="lbfgs")
    with pytest.warns(ConvergenceWarning):
        model.fit(NUMBERS, RANDOM.integers(0, 3, ROWS))
    with pytest.raises(CannotCompile, match="MLPClassifier has no compiled form yet"):
        compile_model(model, infer_schema(NUMBERS))


def test_a_target_of_one_column_is_one_answer_per_row(tmp_path):
    model = LinearRegression().fit(NUMBERS, TARGET[:, None])
    runtime, runner = packed(model, NUMBERS, tmp_path)
    assert runtime["kind"] == "compiled"
    found = runner.predict(NUMBERS.to_dict("records")).predictions
    assert found == pytest.approx(model.predict(NUMBERS).ravel().tolist())


def test_other_probabilities_are_told_with_their_class_and_a_likely_cause(tmp_path):
    features = pd.DataFrame({"city": [None, "Ulm", "Bonn"] * 40})
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    model = make_pipeline(encoder, DecisionTreeClassifier())
    # The same label everywhere, by other shares where the city is missing.
    labels = (["Ulm", "Ulm", "Ulm"] * 3 + ["Bonn", "Ulm", "Ulm"]) * 10
    model.fit(features, labels)
    with pytest.raises(ModelFailed, match=r"'Bonn' by 0\.25 here, but .* None where NaN was"):
        packed(model, features, tmp_path)


@pytest.mark.filterwarnings("default")
def test_rows_that_were_made_up_warn_nobody(tmp_path, recwarn):
    features = pd.DataFrame({"income": np.linspace(1, 90, 200), "debt": np.linspace(2, 50, 200)})
    model = make_pipeline(FunctionTransformer(np.log1p), Ridge()).fit(features, features["debt"])
    packed(model, features, tmp_path)
    # What another test left open is told whenever it is collected.
    warned = [w for w in recwarn if not issubclass(w.category, ResourceWarning)]
    assert [str(warning.message) for warning in warned] == []
