"""The examples: each builds a package that a platform accepts and that answers its own sample."""

import importlib.util
import json
from pathlib import Path

import pytest

from scienceops.core.package import read_package
from scienceops.running import load_runner

EXAMPLES = Path(__file__).parents[3] / "examples"
TASKS = {
    "iris": "classification",
    "classic_iris": "custom",
    "diabetes": "regression",
    "text": "classification",
}


def build(example, folder):
    path = EXAMPLES / example / "train_and_pack.py"
    spec = importlib.util.spec_from_file_location(f"example_{example}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return read_package(module.build(folder), limit_bytes=10**9)


def test_every_example_is_tested():
    assert {path.parent.name for path in EXAMPLES.glob("*/train_and_pack.py")} == set(TASKS)


@pytest.mark.parametrize("example", TASKS)
def test_it_builds_a_package_that_answers_its_sample(example, tmp_path):
    package = build(example, tmp_path)
    package.extract_to(tmp_path / "out")
    scored = load_runner(tmp_path / "out").predict(package.sample.rows)
    assert scored.predictions == package.sample.predictions
    assert package.manifest.task == TASKS[example]


@pytest.mark.parametrize(
    ("example", "metric", "least"),
    [("iris", "accuracy", 0.9), ("diabetes", "r2", 0.2), ("text", "accuracy", 0.9)],
)
def test_its_model_is_worth_serving(example, metric, least, tmp_path):
    assert build(example, tmp_path).manifest.metrics[metric] >= least


def test_diabetes_has_every_kind_of_column(tmp_path):
    columns = build("diabetes", tmp_path).schema.columns
    assert {(column.kind, column.type, column.nullable) for column in columns} == {
        ("number", "number", True),
        ("number", "number", False),
        ("number", "integer", False),
        ("category", "string", True),
    }


def test_text_is_one_column_of_text(tmp_path):
    package = build("text", tmp_path)
    assert [column.kind for column in package.schema.columns] == ["text"]
    assert package.manifest.model.input == "column"


def test_classic_iris_makes_the_four_files(tmp_path):
    build("classic_iris", tmp_path)
    names = {path.name for path in tmp_path.iterdir() if path.suffix != ".zip"}
    assert names == {"model.pkl", "score.py", "service_schema.json", "conda_dependencies.yml"}
    swagger = json.loads((tmp_path / "service_schema.json").read_text())
    assert "input_df" in swagger["input"]
