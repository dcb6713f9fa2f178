"""`scienceops train`: what it keeps, and every way it is refused."""

import json
import sys

import pandas as pd
import pytest
import skops.io
from small_project import SETTINGS, SMALL, packed


def test_train_prints_one_json_object_whatever_train_py_prints(line, scienceops):
    (line / "train.py").write_text(SMALL + "print('hello')\n")
    code, out, err = scienceops("train", "--json")
    document = json.loads(out)
    assert code == 0
    assert "hello" in err
    assert document["name"] == "line"
    assert document["rows"] == 3
    assert document["versions"]["scikit-learn"]


def test_train_keeps_the_model_the_rows_and_the_versions(line, scienceops):
    scienceops("train")
    kept = json.loads((line / "build" / "result.json").read_text())
    assert kept["metrics"] == {}
    assert kept["python"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert list(pd.read_parquet(line / "build" / "training_data.parquet")["y"]) == [2, 4, 6]
    assert skops.io.load(line / "build" / "model.skops").coef_ == pytest.approx([2.0])


def test_a_failing_train_ends_in_its_own_lines(failure):
    err = failure('data["y"]', 'data["z"]')
    first, *lines = err.strip().splitlines()
    assert first == "scienceops: train(data) raised KeyError: 'z'"
    assert lines[0].strip() == "train.py, line 9, in train"
    assert 'data["z"]' in lines[1]
    assert "pandas" not in err


def test_a_failing_load_is_told_apart(failure):
    assert "load() raised FileNotFoundError" in failure(
        "return pd.DataFrame", "open('absent.csv')\n    return pd.DataFrame"
    )


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("def load():", "def load(:", "train.py, line 5, is no Python"),
        ("def load():", "def read():", "train.py has no function load"),
        ("def train(", "def fit(", "train.py has no function train"),
        ("", "import sys\nsys.exit(0)\n", "raised SystemExit: 0"),
        ("", "import absent_module\n", "raised ModuleNotFoundError"),
        ("return LinearRegression().fit", "LinearRegression().fit", "returned NoneType"),
        ("return LinearRegression()", "return 1, LinearRegression()", "returned (int, LinearReg"),
        ("LinearRegression().fit(", "LinearRegression or (", "returned the class LinearReg"),
        ('return pd.DataFrame({"x"', 'return ({"x"', "load() of train.py: dict is no table"),
        ("[1.0, 2.0, 3.0]", "[1, 'a', None]", "cannot be kept as Parquet"),
        ('data["y"], sample_weight)', 'data["y"]), {"r2": "good"}', "metric 'r2' is 'good'"),
    ],
)
def test_a_wrong_train_py_is_named(failure, old, new, says):
    assert says in failure(old, new)


def test_a_password_in_train_py_is_not_shown(failure):
    err = failure("", "raise OSError('postgresql://me:s3cret@host/name')\n")
    assert "postgresql://me:***@host/name" in err
    assert "s3cret" not in err


def test_a_file_beside_train_py_cannot_travel_along(line, failure):
    (line / "features.py").write_text("")
    assert "features.py is beside train.py, which travels alone" in failure("", "import features\n")


def test_a_class_of_train_py_in_the_model_is_refused(line, scienceops):
    own = SMALL.replace("def load", "class Own(LinearRegression):\n    pass\n\ndef load")
    (line / "train.py").write_text(own.replace("return LinearRegression()", "return Own()"))
    code, _, err = scienceops("train")
    assert code == 1
    assert "the model uses Own, which train.py defines" in err


def test_a_missing_train_py_is_named(line, scienceops):
    (line / "train.py").unlink()
    code, _, err = scienceops("train")
    assert code == 1
    assert "train.py is not there: write one with load() and train" in err


def test_a_train_without_weights_is_noted(line, scienceops):
    (line / "train.py").write_text(SMALL.replace(", sample_weight", "").replace("=None", ""))
    code, out, _ = scienceops("train")
    assert code == 0
    assert "note: train(data) takes no sample_weight" in out


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("", "[project] has no name"),
        ('[project]\nname = "Line"\n', "'Line' is not a service name"),
        (SETTINGS + 'colour = "red"\n', "keys are name, target, format, runtime, score"),
        (SETTINGS + 'format = "onnx"\n', "format = 'onnx': wanted 'skops' or 'joblib'"),
        (SETTINGS + "[policy]\npromotoin = 1\n", "unknown policy key 'promotoin': keys are promot"),
        ("[projekt]\n" + SETTINGS, "unknown key 'projekt'; the tables are [project] and [policy]"),
        ("project = 1\n", "wanted the table [project]"),
        ("[project\n", "is no TOML"),
        (SETTINGS + 'score = "score.py"\n', "score.py is not there"),
        (SETTINGS.replace('"y"', '"z"'), "gave no column 'z', which scienceops.toml names"),
    ],
)
def test_a_wrong_setting_is_named(failure, settings, says):
    assert says in failure(settings=settings)


def test_a_wrong_requirement_is_named_before_the_training(line, failure):
    (line / "requirements.txt").write_text("-e .\n")
    assert "requirements.txt: line 1 '-e .' is an option" in failure("", "1 / 0\n")


def test_outside_of_a_project_train_says_how_to_make_one(tmp_path, monkeypatch, scienceops):
    monkeypatch.chdir(tmp_path)
    code, _, err = scienceops("train")
    assert code == 1
    assert "`scienceops init NAME`" in err


def test_a_pickle_is_taken_by_consent_only_and_said_in_the_manifest(line, scienceops):
    birch = SMALL.replace("linear_model", "cluster")
    birch = birch.replace("import LinearRegression", "import Birch").replace(
        'LinearRegression().fit(data[["x"]], data["y"], sample_weight)',
        'Birch(threshold=0.1, n_clusters=2).fit(data[["x"]])',
    )
    (line / "train.py").write_text(birch)
    code, _, err = scienceops("train")
    assert code == 1
    assert 'write format = "joblib" in scienceops.toml' in err
    (line / "scienceops.toml").write_text(SETTINGS + 'format = "joblib"\n')
    assert scienceops("train")[0] == 0
    assert scienceops("pack")[0] == 0
    model = packed(line).manifest.model
    assert (model.file, model.allow_pickle) == ("model.joblib", True)


def test_consent_that_is_not_needed_is_noted(line, scienceops):
    (line / "scienceops.toml").write_text(SETTINGS + 'format = "joblib"\n')
    _, out, _ = scienceops("train")
    assert "note: kept as model.skops, for skops will do" in out
    scienceops("pack")
    assert packed(line).manifest.model.file == "model.skops"
