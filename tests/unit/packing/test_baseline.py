"""The baseline in a package: the training data's statistics, predictions included."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from scienceops.core.package import read_package
from scienceops.core.stats.baseline import Baseline
from scienceops.packing import pack

FRAME = pd.DataFrame(
    {
        "age": [30.0, np.nan, 50.0, 41.0] * 10,
        "visits": [1, 2, 3, 4] * 10,
        "colour": ["red", "blue", np.nan, "red"] * 10,
        "member": [True, False] * 20,
    }
)
PREPARED = make_column_transformer(
    (SimpleImputer(), ["age", "visits"]),
    (OneHotEncoder(handle_unknown="ignore"), ["colour", "member"]),
)


def packed(tmp_path, model, training, **options):
    path = pack(
        model, FRAME.head(3), name="visits", training_data=training, path=tmp_path, **options
    )
    package = read_package(path, limit_bytes=10**9)
    return package, Baseline.from_parquet(package.read("baseline.parquet"))


def test_it_summarises_every_column_of_the_training_data_and_the_predictions(tmp_path):
    model = make_pipeline(PREPARED, LogisticRegression()).fit(FRAME, ["no", "yes"] * 20)
    _, baseline = packed(tmp_path, model, FRAME.assign(label=["no", "yes"] * 20), target="label")
    assert sorted(baseline.columns) == ["age", "colour", "member", "prediction", "visits"]
    assert baseline.columns["age"].missing == 10
    assert baseline.columns["age"].numbers.moments.mean == pytest.approx(121 / 3)
    assert baseline.labels("colour", "category") == {"blue", "red"}
    assert baseline.labels("member", "category") == {"False", "True"}
    assert baseline.labels("prediction", "category") == {"no", "yes"}


def test_predictions_of_a_regression_are_numbers(tmp_path):
    model = make_pipeline(PREPARED, Ridge()).fit(FRAME, FRAME["visits"] * 2.0)
    _, baseline = packed(tmp_path, model, FRAME)
    assert baseline.columns["prediction"].numbers.moments.mean == pytest.approx(5.0)


def test_pages_get_the_same_in_json(tmp_path):
    model = make_pipeline(PREPARED, Ridge()).fit(FRAME, FRAME["visits"] * 2.0)
    package, _ = packed(tmp_path, model, FRAME)
    shown = json.loads(package.read("baseline.json"))
    assert shown["visits"]["mean"] == pytest.approx(2.5)


def test_ranges_and_categories_come_from_the_training_data(tmp_path):
    model = make_pipeline(PREPARED, Ridge()).fit(FRAME, FRAME["visits"] * 2.0)
    columns = {column.name: column for column in packed(tmp_path, model, FRAME)[0].schema.columns}
    assert (columns["visits"].minimum, columns["visits"].maximum) == (1.0, 4.0)
    assert columns["colour"].categories == ("blue", "red")


def test_the_training_data_itself_stays_out_without_a_train_script(tmp_path):
    model = make_pipeline(PREPARED, Ridge()).fit(FRAME, FRAME["visits"] * 2.0)
    assert "training_data.parquet" not in packed(tmp_path, model, FRAME)[0].files


def test_with_a_train_script_the_training_data_travels_along(tmp_path):
    (tmp_path / "train.py").write_text("def train(data):\n    return None\n")
    model = make_pipeline(PREPARED, Ridge()).fit(FRAME, FRAME["visits"] * 2.0)
    training = FRAME.assign(y=1.0)
    package, _ = packed(tmp_path, model, training, target="y", train=tmp_path / "train.py")
    (tmp_path / "data.parquet").write_bytes(package.read("training_data.parquet"))
    kept = pd.read_parquet(tmp_path / "data.parquet")
    assert list(kept) == list(training)
    assert kept["y"].tolist() == training["y"].tolist()
    assert kept["colour"].isna().tolist() == training["colour"].isna().tolist()
    assert package.read("train.py").startswith(b"def train")


def test_a_train_function_becomes_a_script(tmp_path):
    def train(data):
        return None

    model = make_pipeline(PREPARED, Ridge()).fit(FRAME, FRAME["visits"] * 2.0)
    package, _ = packed(tmp_path, model, FRAME, train=train)
    assert package.read("train.py") == b"def train(data):\n    return None\n"


def test_predictions_that_are_objects_are_the_text_that_captures_have(tmp_path):
    script = tmp_path / "score.py"
    script.write_text(
        "def init():\n    pass\n"
        "def run(input_df):\n    return [{'up': True, 'by': [1, None]}] * len(input_df)\n"
    )
    model = make_pipeline(PREPARED, Ridge()).fit(FRAME, FRAME["visits"])
    _, baseline = packed(tmp_path, model, FRAME, score=script)
    assert baseline.labels("prediction", "category") == {'{"up": true, "by": [1, null]}'}
