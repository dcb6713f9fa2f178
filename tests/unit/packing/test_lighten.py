"""What a model that is not compiled is served without, where the answers stay the same."""

import numpy as np
import pandas as pd
import pytest
from models import iris_table, pack_text
from sklearn.compose import make_column_transformer
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from scienceops import pack
from scienceops.core.package import read_package
from scienceops.running import load_runner

IRIS = iris_table()
FEATURES, SPECIES = IRIS.drop(columns="species"), IRIS["species"]


def packed(folder, model, sample, **more):
    path = pack(model, sample, name="plain", path=folder / "plain.zip", **more)
    return read_package(path, limit_bytes=10**9)


@pytest.mark.parametrize(
    "model",
    [
        KNeighborsClassifier(n_jobs=2),
        make_pipeline(StandardScaler(), KNeighborsClassifier()),
        VotingClassifier([("a", GaussianNB()), ("b", LogisticRegression(max_iter=500))]),
    ],
    ids=["neighbours", "pipeline", "committee"],
)
def test_a_model_of_numbers_is_served_without_frames(tmp_path, model):
    model.fit(FEATURES, SPECIES)
    package = packed(tmp_path, model, FEATURES.head(8))
    manifest = package.manifest
    assert (manifest.model.input, manifest.runtime.kind) == ("values", "sklearn")
    assert manifest.runtime.independent_rows
    package.extract_to(tmp_path / "out")
    scored = load_runner(tmp_path / "out").predict(FEATURES.to_dict("records"))
    assert scored.predictions == model.predict(FEATURES).tolist()
    # The model that was packed is not touched.
    assert list(model.feature_names_in_) == list(FEATURES.columns)


def test_a_model_that_asks_for_names_keeps_its_frame(tmp_path):
    name = FEATURES.columns[0]
    picks = make_column_transformer((StandardScaler(), [name]), remainder="drop")
    model = make_pipeline(picks, KNeighborsClassifier()).fit(FEATURES, SPECIES)
    manifest = packed(tmp_path, model, FEATURES.head(8)).manifest
    assert (manifest.model.input, manifest.runtime.independent_rows) == ("frame", True)


def test_categories_keep_their_frame(tmp_path):
    frame = pd.DataFrame({"size": [1.0, 2.0] * 20, "flag": [True, False] * 20})
    model = KNeighborsRegressor(n_neighbors=2).fit(frame, np.arange(40.0))
    assert packed(tmp_path, model, frame.head(4)).manifest.model.input == "frame"


def test_whole_numbers_reach_the_model_as_such(tmp_path):
    frame = pd.DataFrame({"a": range(30), "b": range(30, 0, -1)})
    model = KNeighborsRegressor().fit(frame, np.arange(30.0))
    package = packed(tmp_path, model, frame.head(4))
    assert package.manifest.model.input == "values"
    assert package.sample.predictions == model.predict(frame.head(4)).tolist()


def test_a_model_that_looks_at_the_whole_call_is_never_merged(tmp_path):
    one = FEATURES[[FEATURES.columns[0]]].to_numpy()
    model = make_pipeline(
        FunctionTransformer(np.cumsum, kw_args={"axis": 0}), KNeighborsRegressor()
    ).fit(one, np.arange(150.0))
    manifest = packed(tmp_path, model, one[:8], allow_pickle=True).manifest
    assert manifest.runtime.kind == "sklearn"
    assert not manifest.runtime.independent_rows


def test_a_compiled_model_and_a_script_stay_as_they_are(tmp_path):
    compiled = read_package(pack_text(tmp_path), limit_bytes=10**9).manifest
    assert (compiled.runtime.kind, compiled.runtime.independent_rows) == ("compiled", True)
    script = tmp_path / "score.py"
    script.write_text("def run(input_df):\n    return [1] * len(input_df)\n")
    model = KNeighborsClassifier().fit(FEATURES, SPECIES)
    manifest = packed(tmp_path, model, FEATURES.head(3), score=script).manifest
    assert (manifest.model.input, manifest.runtime.independent_rows) == ("frame", False)
