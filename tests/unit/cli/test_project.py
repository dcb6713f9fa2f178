"""`scienceops init`, `train`, `pack`: from nothing to a package, and every way it is refused."""

import json
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from contextlib import closing

import pandas as pd
import pytest
import skops.io

from scienceops.cli.main import main
from scienceops.core.package import read_package
from scienceops.projects.create import FILES
from scienceops.running import load_runner

SMALL = """
import pandas as pd
from sklearn.linear_model import LinearRegression

def load():
    return pd.DataFrame({"x": [1.0, 2.0, 3.0], "y": [2.0, 4.0, 6.0]})

def train(data, sample_weight=None):
    return LinearRegression().fit(data[["x"]], data["y"], sample_weight)
"""
SETTINGS = '[project]\nname = "line"\ntarget = "y"\n'


@pytest.fixture
def scienceops(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["scienceops", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as leave:
            code = leave.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def iris(tmp_path, monkeypatch, scienceops):
    """The project that `init` makes, as the working folder."""
    assert scienceops("init", "iris", "--folder", tmp_path)[0] == 0
    monkeypatch.chdir(tmp_path / "iris")
    return tmp_path / "iris"


@pytest.fixture
def line(tmp_path, monkeypatch):
    """The smallest project, as the working folder."""
    (tmp_path / "train.py").write_text(SMALL)
    (tmp_path / "scienceops.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def failure(line, scienceops):
    """What `train` says when a part of the small train.py, or of its settings, is another."""

    def of(old="", new="", *, settings=SETTINGS):
        assert old in SMALL
        (line / "train.py").write_text(SMALL.replace(old, new) if old else SMALL + new)
        (line / "scienceops.toml").write_text(settings)
        code, _, err = scienceops("train")
        assert code == 1
        return err

    return of


def packed(folder):
    (path,) = folder.glob("*.zip")
    return read_package(path, limit_bytes=10**9)


# init


def test_init_writes_every_file_with_the_name_filled_in(iris):
    assert {path.name for path in iris.iterdir()} == set(FILES)
    assert tomllib.loads((iris / "scienceops.toml").read_text())["project"]["name"] == "iris"
    assert not [file for file in FILES if "PROJECT_NAME" in (iris / file).read_text()]


def test_init_says_what_it_made_and_what_comes_next(tmp_path, scienceops):
    _, out, _ = scienceops("init", "churn", "--folder", tmp_path)
    assert f"made {tmp_path / 'churn'} with train.py" in out
    assert "`scienceops train`, `scienceops pack`" in out


def test_init_overwrites_nothing_and_writes_nothing_beside_it(tmp_path, scienceops):
    (tmp_path / "iris").mkdir()
    (tmp_path / "iris" / "train.py").write_text("mine")
    code, _, err = scienceops("init", "iris", "--folder", tmp_path)
    assert code == 1
    assert "holds train.py already, and nothing is overwritten" in err
    assert [path.name for path in (tmp_path / "iris").iterdir()] == ["train.py"]
    assert (tmp_path / "iris" / "train.py").read_text() == "mine"


def test_init_names_a_file_that_stands_in_its_place(tmp_path, scienceops):
    (tmp_path / "iris").write_text("mine")
    code, _, err = scienceops("init", "iris", "--folder", tmp_path)
    assert code == 1
    assert f"{tmp_path / 'iris'} is a file" in err


@pytest.mark.parametrize("name", ["Iris", "../iris", "a", "iris_v2", "iris-"])
def test_init_refuses_a_name_that_no_service_can_have(tmp_path, name, scienceops):
    code, _, err = scienceops("init", name, "--folder", tmp_path)
    assert code == 1
    assert f"{name!r} is not a service name" in err
    assert not list(tmp_path.iterdir())


# The whole way


def test_a_new_project_trains_and_packs_as_it_stands(iris, scienceops):
    code, out, _ = scienceops("train")
    assert code == 0
    assert "150 rows, 5 columns" in out
    assert "accuracy 0.9" in out
    code, out, _ = scienceops("pack")
    assert code == 0
    package = packed(iris)
    assert f"packed iris-{package.digest[:8]}.zip (classification" in out
    assert f"scienceops push iris-{package.digest[:8]}.zip" in out
    assert package.manifest.metrics["accuracy"] > 0.9
    assert package.manifest.target == "species"
    assert package.policy == {"promotion": "auto"}
    assert package.read("train.py") == (iris / "train.py").read_bytes()
    assert {"training_data.parquet", "baseline.parquet"} <= set(package.files)
    assert "score.py" not in package.files
    assert "species" not in {column.name for column in package.schema.columns}


def test_the_package_retrains_where_nothing_else_of_the_project_is(iris, tmp_path, scienceops):
    scienceops("train")
    scienceops("pack")
    alone = tmp_path / "alone"
    packed(iris).extract_to(alone)
    shutil.rmtree(iris)
    program = (
        "import pandas as pd, train\n"
        "data = pd.read_parquet('training_data.parquet')\n"
        "model, metrics = train.train(data, sample_weight=pd.Series(0.5, index=data.index))\n"
        "print(metrics['accuracy'], 'scienceops' in __import__('sys').modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=alone,
        env={"PYTHONPATH": str(alone)},
        capture_output=True,
        text=True,
        check=True,
    )
    accuracy, imported = done.stdout.split()
    assert float(accuracy) > 0.9
    assert imported == "False"


def test_score_py_answers_once_the_settings_name_it(iris, tmp_path, scienceops):
    settings = (iris / "scienceops.toml").read_text()
    (iris / "scienceops.toml").write_text(settings.replace("# score =", "score ="))
    scienceops("train")
    assert scienceops("pack")[0] == 0
    package = packed(iris)
    assert package.read("score.py") == (iris / "score.py").read_bytes()
    package.extract_to(tmp_path / "out")
    scored = load_runner(tmp_path / "out").predict(package.sample.rows)
    assert scored.predictions == package.sample.predictions
    assert set(scored.probabilities[0]) == {"setosa", "versicolor", "virginica"}


def test_train_and_pack_take_a_folder_from_anywhere(iris, tmp_path, monkeypatch, scienceops):
    monkeypatch.chdir(tmp_path)
    _, out, _ = scienceops("train", "--project", "iris")
    assert "`scienceops pack --project iris`" in out
    code, _, _ = scienceops("pack", "--project", "iris", "--out", "here.zip", "--tag", "team=blue")
    assert code == 0
    package = read_package(tmp_path / "here.zip", limit_bytes=10**9)
    assert package.manifest.tags == {"team": "blue"}


def test_the_same_training_makes_the_same_package(line, scienceops):
    for out in ("one.zip", "two.zip"):
        scienceops("train")
        scienceops("pack", "--out", out)
    assert (line / "one.zip").read_bytes() == (line / "two.zip").read_bytes()


@pytest.mark.parametrize(
    "call", ["'iris.parquet'", "'iris.xlsx'", "'sqlite:///iris.db', 'SELECT * FROM iris'"]
)
def test_a_project_trains_on_any_kind_of_source(iris, call, scienceops):
    rows = pd.read_csv(iris / "iris.csv")
    rows.to_parquet(iris / "iris.parquet")
    rows.to_excel(iris / "iris.xlsx", index=False)
    with closing(sqlite3.connect(iris / "iris.db")) as connection:
        rows.to_sql("iris", connection, index=False)
    (iris / "iris.csv").unlink()
    script = (iris / "train.py").read_text()
    (iris / "train.py").write_text(script.replace('load_data("iris.csv")', f"load_data({call})"))
    assert scienceops("train")[0] == 0
    assert scienceops("pack")[0] == 0
    assert {column.type for column in packed(iris).schema.columns} == {"number"}


# train


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


# pack


def test_pack_before_train_names_the_command(line, scienceops):
    code, _, err = scienceops("pack")
    assert code == 1
    assert "has no training result: run `scienceops train`" in err


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("train.py", "[1.0,", "[1.5,", "train.py has changed since the model was trained"),
        ("scienceops.toml", '"y"', '"x"', "target was 'y' when the model was trained, now 'x'"),
        ("build/result.json", "{", "", "result.json cannot be read"),
    ],
)
def test_pack_refuses_what_train_did_not_make(line, file, old, new, says, scienceops):
    scienceops("train")
    path = line / file
    path.write_text(path.read_text().replace(old, new, 1))
    code, _, err = scienceops("pack")
    assert code == 1
    assert says in err
    assert "run `scienceops train`" in err


def test_pack_after_a_failed_training_does_not_take_the_one_before(line, scienceops):
    scienceops("train")
    text = (line / "train.py").read_text()
    (line / "train.py").write_text(text.replace('data["y"]', 'data["z"]'))
    assert scienceops("train")[0] == 1
    (line / "train.py").write_text(text)
    assert "has no training result" in scienceops("pack")[2]


def test_the_projects_own_requirements_stand_above_the_pins(line, scienceops):
    (line / "requirements.txt").write_text("scikit-learn>=1.5\nrich\n")
    scienceops("train")
    assert scienceops("pack")[0] == 0
    requirements = packed(line).requirements
    assert {"scikit-learn>=1.5", "rich"} <= set(requirements)
    assert not [text for text in requirements if text.startswith("scikit-learn==")]


def test_pack_without_options_outside_of_a_project_is_wrong_usage(
    tmp_path, monkeypatch, scienceops
):
    monkeypatch.chdir(tmp_path)
    code, _, err = scienceops("pack")
    assert code == 2
    assert "scienceops init NAME" in " ".join(err.split())


def test_pack_of_a_project_takes_no_model_file(line, scienceops):
    code, _, err = scienceops("pack", "--project", ".", "--model", "train.py")
    assert code == 2
    assert "give no model file" in err


def test_what_serves_a_project_is_set_in_it_and_by_pack_for_once(line, scienceops):
    settings = SETTINGS.replace("[project]", '[project]\nruntime = "sklearn"')
    (line / "scienceops.toml").write_text(settings)
    assert scienceops("train")[0] == 0
    assert scienceops("pack", "--out", "set.zip")[0] == 0
    assert scienceops("pack", "--runtime", "auto", "--out", "once.zip")[0] == 0
    kinds = [
        read_package(line / name, limit_bytes=10**9).manifest.runtime.kind
        for name in ("set.zip", "once.zip")
    ]
    assert kinds == ["sklearn", "compiled"]


@pytest.mark.parametrize(("given", "lacks"), [("--name", "--model"), ("--model", "--name")])
def test_pack_of_a_model_file_still_needs_both(line, given, lacks, scienceops):
    code, _, err = scienceops("pack", given, "train.py")
    assert code == 2
    assert f"Missing option '{lacks}'" in err


def test_rows_whose_text_is_missing_are_learned_from_as_they_are_served(line, scienceops):
    (line / "train.py").write_text("""
import pandas as pd
from scienceops import load_data
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

def load():
    return load_data("rows.csv")

def train(data):
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), Ridge())
    return model.fit(data[["x"]], data["y"])
""")
    (line / "rows.csv").write_text("x,y\n" + "Ulm,1\n,2\nBonn,9\n" * 10)
    assert scienceops("train")[0] == 0
    code, _, err = scienceops("pack")
    assert code == 0, err
