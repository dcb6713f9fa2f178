"""A project from `init` to a package, which answers and retrains."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pandas as pd
import pytest
from small_project import packed

from scienceops.core.package import read_package
from scienceops.running import load_runner


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
