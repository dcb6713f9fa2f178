"""The default runner: scikit-learn models from an unpacked folder, scored from JSON rows."""

import io
import json
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from support_pack import unpacked

from scienceops.core.schema import Column, Schema
from scienceops.errors import BadPackage, ModelFailed, PickleNotAllowed
from scienceops.running import load_model, load_runner

TWO = Schema((Column("a", "number"), Column("b", "number")))
FRAME = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, 0.0, 1.0, 0.0]})


def skops_folder(folder, model, schema=TWO, **entry):
    types = skops.io.get_untrusted_types(data=skops.io.dumps(model))
    return unpacked(
        folder,
        {"model.skops": skops.io.dumps(model)},
        schema=schema,
        model={"file": "model.skops", "format": "skops", "types": types, **entry},
    )


def joblib_folder(folder, model, **entry):
    data = io.BytesIO()
    joblib.dump(model, data)
    return unpacked(
        folder,
        {"model.joblib": data.getvalue()},
        schema=TWO,
        model={"file": "model.joblib", "format": "joblib", **entry},
    )


def rows_of(frame):
    return json.loads(frame.to_json(orient="records"))


@pytest.mark.parametrize(
    "labels", [["x", "y", "x", "y"], [0, 1, 0, 1], [True, False, True, False], [1.0, 2.0] * 2]
)
def test_predictions_keep_the_json_type_of_the_labels(tmp_path, labels):
    model = LogisticRegression().fit(FRAME, labels)
    scored = load_runner(skops_folder(tmp_path, model)).predict(rows_of(FRAME))
    assert [type(p) for p in scored.predictions] == [type(label) for label in labels]
    assert json.loads(json.dumps(scored.predictions)) == model.predict(FRAME).tolist()


def test_probabilities_are_named_by_the_labels_as_text(tmp_path):
    model = LogisticRegression().fit(FRAME, [0, 1, 0, 1])
    scored = load_runner(skops_folder(tmp_path, model)).predict(rows_of(FRAME))
    assert scored.probabilities is not None
    assert [list(row) for row in scored.probabilities] == [["0", "1"]] * 4
    assert [row["1"] for row in scored.probabilities] == model.predict_proba(FRAME)[:, 1].tolist()


def test_a_model_without_predict_proba_gives_no_probabilities(tmp_path):
    model = LinearSVC().fit(FRAME, [0, 1, 0, 1])
    assert load_runner(skops_folder(tmp_path, model)).predict(rows_of(FRAME)).probabilities is None


def test_a_model_trained_on_an_array_takes_the_values_alone(tmp_path):
    model = LinearRegression().fit(FRAME.to_numpy(), [1.0, 2.0, 3.0, 4.0])
    runner = load_runner(skops_folder(tmp_path, model, input="array"))
    assert runner.predict(rows_of(FRAME)).predictions == model.predict(FRAME.to_numpy()).tolist()


def test_a_text_model_takes_its_only_column(tmp_path):
    texts = pd.Series(["good film", "bad film", "good book", "bad book"])
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, [1, 0, 1, 0])
    schema = Schema((Column("text", "string"),))
    runner = load_runner(skops_folder(tmp_path, model, schema=schema, input="column"))
    scored = runner.predict([{"text": "good"}, {"text": "bad"}])
    assert scored.predictions == [1, 0]


def test_a_forest_loads_through_the_reviewed_list(tmp_path):
    features, labels = load_iris(return_X_y=True, as_frame=True)
    model = RandomForestClassifier(5, random_state=0).fit(features, labels)
    loaded = load_model(skops_folder(tmp_path, model))
    assert np.array_equal(loaded.predict(features), model.predict(features))


def test_a_type_outside_the_reviewed_list_is_refused_even_when_the_manifest_states_it(tmp_path):
    model = LogisticRegression().fit(FRAME, [0, 1, 0, 1])
    model.extra_ = Path("x")
    with pytest.raises(BadPackage, match=r"pathlib.*not a reviewed type"):
        load_model(skops_folder(tmp_path, model))


def test_a_type_that_the_manifest_does_not_state_is_refused(tmp_path):
    model = RandomForestClassifier(2).fit(FRAME, [0, 1, 0, 1])
    with pytest.raises(BadPackage, match="not stated in the manifest"):
        load_model(skops_folder(tmp_path, model, types=[]))


def test_a_pickle_is_not_read_without_consent(tmp_path):
    model = LinearRegression().fit(FRAME, [0, 1, 0, 1])
    with pytest.raises(PickleNotAllowed, match="allow_pickle=True"):
        load_model(joblib_folder(tmp_path, model))


def test_a_pickle_is_read_with_consent(tmp_path):
    model = LinearRegression().fit(FRAME, [0, 1, 0, 1])
    folder = joblib_folder(tmp_path, model, allow_pickle=True)
    assert load_model(folder).predict(FRAME).tolist() == model.predict(FRAME).tolist()


def test_what_the_model_raises_is_reported_as_its_failure(tmp_path):
    model = LinearRegression().fit(FRAME.rename(columns={"a": "z"}), [0, 1, 0, 1])
    with pytest.raises(ModelFailed, match="the model raised ValueError"):
        load_runner(skops_folder(tmp_path, model)).predict(rows_of(FRAME))


def test_a_model_that_answers_for_fewer_rows_is_reported(tmp_path):
    texts = ["good film", "bad film", "good book", "bad book"]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, [1, 0, 1, 0])
    schema = Schema((Column("text", "string"),))
    runner = load_runner(skops_folder(tmp_path, model, schema=schema, input="frame"))
    with pytest.raises(ModelFailed, match="1 predictions for 2 rows"):
        runner.predict([{"text": "good"}, {"text": "bad"}])
