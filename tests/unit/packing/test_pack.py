"""pack(): one call, one zip; what it records, what it refuses, and that it repeats itself."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from four_rows import FRAME, LABELS, MODEL, packed
from sklearn.cluster import Birch, KMeans
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

import scienceops
from scienceops.core.package import read_package
from scienceops.errors import (
    BadInput,
    BadName,
    BadPolicy,
    ModelFailed,
    PickleNotAllowed,
)
from scienceops.packing import pack
from scienceops.running import load_runner


def outside_of_the_list(values):
    return values


def test_the_package_is_called_by_name_and_digest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = scienceops.pack(MODEL, FRAME, name="iris")
    digest = read_package(path, limit_bytes=10**9).digest
    assert (tmp_path / f"iris-{digest[:8]}.zip").is_file()
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_it_goes_where_the_path_says(tmp_path):
    assert pack(MODEL, FRAME, name="iris", path=tmp_path / "my.zip") == tmp_path / "my.zip"


def test_it_prints_nothing(tmp_path, capfd):
    packed(tmp_path)
    assert capfd.readouterr() == ("", "")


def test_it_records_what_it_was_told(tmp_path):
    manifest = packed(
        tmp_path,
        target="label",
        metrics={"accuracy": np.float64(0.5)},
        tags={"team": "blue"},
        created_at="2026-11-23T00:00:00+00:00",
    ).manifest
    assert manifest.target == "label"
    assert manifest.metrics == {"accuracy": 0.5}
    assert manifest.tags == {"team": "blue"}
    assert manifest.created_at == "2026-11-23T00:00:00+00:00"
    assert manifest.python == f"{sys.version_info.major}.{sys.version_info.minor}"


def test_the_target_is_no_input_even_when_the_sample_holds_it(tmp_path):
    package = packed(tmp_path, sample=FRAME.assign(label=LABELS), target="label")
    assert [column.name for column in package.schema.columns] == ["a", "b"]


def test_a_large_sample_is_thinned_evenly(tmp_path):
    many = pd.DataFrame({"a": np.arange(1000.0), "b": np.arange(1000)})
    rows = packed(tmp_path, sample=many).sample.rows
    assert len(rows) == 100
    assert (rows[0]["b"], rows[-1]["b"]) == (0, 999)


def test_a_model_trained_on_an_array_is_served_the_values_alone(tmp_path):
    model = LogisticRegression().fit(FRAME.to_numpy(), LABELS)
    package = packed(tmp_path, model, FRAME.to_numpy())
    assert package.manifest.model.input == "array"
    assert [column.name for column in package.schema.columns] == ["x0", "x1"]


def test_a_model_trained_on_an_array_takes_the_names_of_a_frame(tmp_path):
    model = LogisticRegression().fit(FRAME.to_numpy(), LABELS)
    package = packed(tmp_path, model, FRAME)
    assert package.manifest.model.input == "array"
    assert [column.name for column in package.schema.columns] == ["a", "b"]


@pytest.mark.parametrize(
    "sample", [["good film", "bad film"], ["good"], pd.DataFrame({"text": ["good", "bad"]})]
)
def test_a_text_model_is_served_its_column(tmp_path, sample):
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    model.fit(["good film", "bad film", "good book", "bad book"], [1, 0, 1, 0])
    package = packed(tmp_path, model, sample)
    assert package.manifest.model.input == "column"
    assert package.sample.predictions == [1, 0][: len(package.sample.rows)]


def test_missing_values_and_categories_are_served_as_they_were_trained(tmp_path):
    frame = pd.DataFrame(
        {"age": [30.0, None, 50.0, 41.0] * 5, "colour": ["red", "blue", None, "red"] * 5}
    ).fillna({"colour": np.nan})
    model = make_pipeline(
        OneHotEncoder(handle_unknown="ignore"), SimpleImputer(), LogisticRegression()
    ).fit(frame, [0, 1, 0, 1] * 5)
    schema = packed(tmp_path, model, frame).schema
    assert [column.nullable for column in schema.columns] == [True, True]
    assert schema.columns[1].categories == ("blue", "red")


def test_a_model_that_tells_none_from_nan_is_refused_with_the_row(tmp_path):
    frame = pd.DataFrame({"colour": pd.Series(["red", None, "red", None] * 5, dtype=object)})
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    model.fit(frame, [0, 1, 0, 1] * 5)
    with pytest.raises(ModelFailed, match=r"row \d of the sample.*None where NaN was trained"):
        packed(tmp_path, model, frame)


def test_a_sample_that_the_model_does_not_take_is_refused_with_its_words(tmp_path):
    with pytest.raises(BadInput, match=r"does not answer the sample \(frame: ValueError"):
        packed(tmp_path, sample=FRAME[["b"]])


@pytest.mark.parametrize(
    ("sample", "says"),
    [
        (FRAME.drop(columns="a"), r"fit time, yet now missing: - a\b"),
        (FRAME.assign(label=LABELS), r"unseen at fit time: - label\b"),
    ],
)
def test_columns_that_lack_or_are_too_many_are_named(tmp_path, sample, says):
    with pytest.raises(BadInput, match=says):
        packed(tmp_path, sample=sample)


def test_several_targets_are_refused_with_a_way_out(tmp_path):
    model = MultiOutputRegressor(LinearRegression()).fit(FRAME, [[1, 2]] * 4)
    with pytest.raises(ModelFailed, match=r"several values for a row.*score\.py"):
        packed(tmp_path, model)


def test_clusters_are_a_task_of_their_own(tmp_path):
    model = KMeans(2, n_init=1, random_state=0).fit(FRAME)
    assert packed(tmp_path, model).manifest.task == "custom"


def test_a_type_outside_the_reviewed_list_is_named(tmp_path):
    model = make_pipeline(FunctionTransformer(outside_of_the_list), LogisticRegression())
    model.fit(FRAME, LABELS)
    with pytest.raises(
        PickleNotAllowed, match=r"outside_of_the_list.*allow_pickle=True.*score\.py"
    ):
        packed(tmp_path, model)


def test_with_consent_it_becomes_joblib_and_the_manifest_says_so(tmp_path):
    model = Birch(n_clusters=2).fit(FRAME)
    entry = packed(tmp_path, model, allow_pickle=True).manifest.model
    assert (entry.file, entry.format, entry.allow_pickle) == ("model.joblib", "joblib", True)


def test_consent_that_is_not_needed_changes_nothing(tmp_path):
    entry = packed(tmp_path, allow_pickle=True).manifest.model
    assert (entry.format, entry.allow_pickle) == ("skops", False)


def test_a_class_from_the_notebook_is_refused_even_with_consent(tmp_path):
    model = DummyClassifier().fit(FRAME, LABELS)
    local = type("Mine", (), {"__module__": "__main__"})
    model.helper_ = local()
    with pytest.raises(PickleNotAllowed, match="Mine, which is defined in this notebook"):
        packed(tmp_path, model, allow_pickle=True)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"metrics": {"accuracy": float("nan")}}, BadInput, "metric 'accuracy' is nan"),
        ({"metrics": {"accuracy": "high"}}, BadInput, "metric 'accuracy' is 'high'"),
        ({"tags": {"run": 7}}, BadInput, "tag 'run' is 7"),
        ({"policy": {"promote": "now"}}, BadPolicy, "unknown policy key 'promote'"),
        ({"training_data": FRAME[["a"]]}, BadInput, "training_data has no column 'b'"),
        ({"training_data": FRAME, "target": "y"}, BadInput, "training_data has no column 'y'"),
        ({"train": "train.py"}, BadInput, "train needs training_data"),
    ],
)
def test_a_wrong_option_is_named(tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        packed(tmp_path, **options)


def test_a_wrong_name_is_refused(tmp_path):
    with pytest.raises(BadName, match="'Iris' is not a service name"):
        pack(MODEL, FRAME, name="Iris", path=tmp_path)


def test_a_refusal_leaves_no_file_behind(tmp_path):
    with pytest.raises(BadInput):
        packed(tmp_path, sample=FRAME[["b"]])
    assert list(tmp_path.iterdir()) == []


def test_a_policy_travels_along(tmp_path):
    assert packed(tmp_path, policy={"promotion": "manual"}).policy == {"promotion": "manual"}


def test_score_py_answers_in_place_of_the_model(tmp_path):
    script = tmp_path / "score.py"
    script.write_text(
        "from pathlib import Path\n"
        "from scienceops.running import load_model\n"
        "def init():\n    global model\n    model = load_model(Path('.'))\n"
        "def run(input_df):\n    return [f'is {p}' for p in model.predict(input_df)]\n"
    )
    package = packed(tmp_path, score=script)
    assert package.sample.predictions == ["is no", "is yes", "is no", "is yes"]
    assert "score.py" in package.files


def test_a_score_py_without_run_is_refused(tmp_path):
    (tmp_path / "score.py").write_text("def init():\n    pass\n")
    with pytest.raises(BadInput, match=r"score\.py has no function 'run'"):
        packed(tmp_path, score=tmp_path / "score.py")


def test_a_score_py_that_is_no_python_is_refused(tmp_path):
    (tmp_path / "score.py").write_text("def run(input_df)\n    return 1\n")
    with pytest.raises(BadInput, match=r"score\.py is no Python.*line 1"):
        packed(tmp_path, score=tmp_path / "score.py")


def test_the_same_inputs_give_the_same_bytes_in_another_process(tmp_path):
    program = (
        "import sys, numpy as np, pandas as pd\n"
        "from sklearn.ensemble import RandomForestClassifier\n"
        "from sklearn.feature_extraction.text import TfidfVectorizer\n"
        "from sklearn.pipeline import make_pipeline\n"
        "from scienceops import pack\n"
        "texts = ['good film', 'bad film', 'good book', 'bad book']\n"
        "vectors = TfidfVectorizer(stop_words=['the', 'of', 'and', 'film'])\n"
        "model = make_pipeline(vectors, RandomForestClassifier(3, random_state=0))\n"
        "model.tags_ = {'x', 'y', 'z', 'w'}\n"
        "model.fit(texts, [1, 0, 1, 0])\n"
        "pack(model, texts, name='texts', path=sys.argv[1])\n"
    )
    paths = [tmp_path / "1.zip", tmp_path / "2.zip"]
    for path, seed in zip(paths, ("1", "2"), strict=True):
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)}
        subprocess.run([sys.executable, "-c", program, path], check=True, env=environment)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_what_is_packed_answers_when_it_is_unpacked(tmp_path):
    package = packed(tmp_path)
    package.extract_to(tmp_path / "out")
    scored = load_runner(tmp_path / "out").predict([{"a": 3.0, "b": 0}])
    assert scored.predictions == MODEL.predict(pd.DataFrame({"a": [3.0], "b": [0]})).tolist()
