"""The four files of the classic workflow, packed as they are."""

import json

import joblib
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from scienceops.core.package import read_package
from scienceops.errors import BadInput, BadSchema, ModelFailed
from scienceops.packing import pack_classic
from scienceops.packing.conda import parse_conda
from scienceops.packing.service_schema import parse_service_schema
from scienceops.running import load_runner

SCORE = """
import json
import joblib

def init():
    global model
    model = joblib.load("model.pkl")

def run(input_df):
    pred = model.predict(input_df)
    return json.dumps(str(pred[0]))
"""
CONDA = "dependencies:\n- python=3.11\n- scikit-learn\n- pip:\n  - azureml-defaults\n"
IRIS = load_iris(as_frame=True)
ROW = dict.fromkeys(IRIS.data.columns, 5.0)


def azure_schema(properties=None, example=(ROW,)):
    swagger = {
        "type": "array",
        "items": {
            "type": "object",
            "properties": properties or {n: {"type": "number", "format": "double"} for n in ROW},
        },
        "example": list(example),
    }
    entry = {"internal": "gANjX19tYWluX18=", "swagger": swagger, "type": 0, "version": "3.6.1"}
    return {"input": {"input_df": entry}}


@pytest.fixture
def four(tmp_path):
    folder = tmp_path / "four"
    folder.mkdir()
    joblib.dump(LogisticRegression(max_iter=500).fit(IRIS.data, IRIS.target), folder / "model.pkl")
    (folder / "score.py").write_text(SCORE)
    (folder / "service_schema.json").write_text(json.dumps(azure_schema()))
    (folder / "conda_dependencies.yml").write_text(CONDA)
    return folder


def packed(four, **options):
    result = pack_classic(
        "iris",
        four / "model.pkl",
        four / "score.py",
        options.pop("schema_file", four / "service_schema.json"),
        options.pop("conda_file", four / "conda_dependencies.yml"),
        four.parent,
        **options,
    )
    return read_package(result.path, limit_bytes=10**9), result.notes


def test_the_text_that_run_returns_is_served_as_it_stands(four, tmp_path):
    package, _ = packed(four)
    package.extract_to(tmp_path / "out")
    scored = load_runner(tmp_path / "out").predict([ROW])
    label = joblib.load(four / "model.pkl").predict(pd.DataFrame([ROW]))[0]
    assert scored.reply == f'"{label}"'
    assert package.sample.predictions == [scored.reply]
    assert package.manifest.task == "custom"


def test_the_model_keeps_its_name_and_the_consent_is_recorded(four):
    package, notes = packed(four)
    entry = package.manifest.model
    assert (entry.file, entry.format, entry.allow_pickle) == ("model.pkl", "joblib", True)
    assert package.read("model.pkl") == (four / "model.pkl").read_bytes()
    assert any("model.pkl is a pickle" in note for note in notes)


def test_the_conda_file_gives_the_requirements_and_the_python(four):
    package, notes = packed(four)
    assert package.requirements == ("scikit-learn",)
    assert package.manifest.python == "3.11"
    assert any("azureml-defaults was left out" in note for note in notes)


def test_without_a_conda_file_the_imports_of_score_py_are_pinned(four):
    package, _ = packed(four, conda_file=None)
    names = [line.partition("==")[0] for line in package.requirements]
    assert names == ["joblib", "numpy", "pandas", "scikit-learn", "scipy"]


def test_a_sample_takes_the_place_of_the_example(four):
    package, _ = packed(four, sample=IRIS.data.head(3))
    assert len(package.sample.rows) == 3


def test_a_schema_without_example_asks_for_a_sample(four):
    (four / "service_schema.json").write_text(json.dumps(azure_schema(example=())))
    with pytest.raises(BadInput, match="--sample FILE"):
        packed(four)


def test_without_a_schema_the_sample_tells_the_columns(four):
    package, _ = packed(four, schema_file=None, sample=IRIS.data.head(3))
    assert [column.name for column in package.schema.columns] == list(IRIS.data.columns)


def test_training_data_adds_ranges_and_a_baseline(four):
    training = IRIS.data.assign(label=IRIS.target)
    package, _ = packed(four, training_data=training, target="label")
    assert package.schema.columns[0].minimum == IRIS.data.iloc[:, 0].min()
    assert "baseline.parquet" in package.files


def test_predictions_in_a_list_tell_the_task(four):
    text = SCORE.replace("json.dumps(str(pred[0]))", "pred.astype(float)")
    (four / "score.py").write_text(text)
    assert packed(four)[0].manifest.task == "regression"


def test_another_python_than_this_one_is_noted(four):
    (four / "conda_dependencies.yml").write_text("dependencies: [python=3.6.2, scikit-learn]\n")
    package, notes = packed(four)
    assert package.manifest.python == "3.6"
    assert any("the conda file asks for 3.6" in note for note in notes)


def test_a_score_py_that_fails_on_the_sample_is_refused(four):
    (four / "score.py").write_text(SCORE.replace("model.pkl", "other.pkl"))
    with pytest.raises(ModelFailed, match=r"score\.py raised FileNotFoundError"):
        packed(four)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"input": {}}, r"the inputs \[\]: wanted one"),
        ({"input": {"a": {}, "b": {}}}, "wanted one"),
        ({"input": {"input_df": {"swagger": {"type": "integer"}}}}, "no swagger.items.properties"),
        ([], "at least one"),
        ([1], "one object per row"),
        (7, "wanted a JSON Schema"),
        ({"a": 1}, "no 'properties'"),
    ],
)
def test_a_schema_file_of_no_known_kind_is_refused(document, message):
    with pytest.raises(BadSchema, match=message):
        parse_service_schema(document)


def test_the_types_of_an_azure_schema_are_kept():
    properties = {
        "n": {"type": "number", "format": "double"},
        "i": {"type": "integer", "format": "int64"},
        "s": {"type": "string"},
        "b": {"type": "boolean"},
        "t": {"type": "string", "format": "date-time"},
    }
    row = {"n": 1, "i": 2, "s": "x", "b": True, "t": "2026-01-01T00:00:00"}
    found = parse_service_schema(azure_schema(properties, [row]))
    kinds = [(column.type, column.nullable) for column in found.schema.columns]
    assert kinds == [
        ("number", False),
        ("integer", False),
        ("string", False),
        ("boolean", False),
        ("datetime", False),
    ]
    assert found.examples == [row]


def test_a_json_schema_brings_its_examples():
    document = {"properties": {"a": {"type": "number"}}, "required": ["a"], "examples": [{"a": 1}]}
    assert parse_service_schema(document).examples == [{"a": 1.0}]


def test_example_rows_alone_are_a_schema_whose_whole_numbers_promise_nothing():
    found = parse_service_schema([{"length": 5, "colour": "red"}])
    assert [column.type for column in found.schema.columns] == ["number", "string"]
    assert found.examples == [{"length": 5.0, "colour": "red"}]


@pytest.mark.parametrize(
    ("item", "requirements"),
    [
        ("numpy=1.26", ["numpy==1.26.*"]),
        ("numpy=1.26.4=py311h64a7726_0", ["numpy==1.26.4"]),
        ("numpy==1.26.4", ["numpy==1.26.4"]),
        ("numpy>=1.26,<2", ["numpy>=1.26,<2"]),
        ("conda-forge::numpy=1.26", ["numpy==1.26.*"]),
        ("pytorch=2.1", ["torch==2.1.*"]),
        ("mkl=2024.0", []),
        ("pip", []),
        ("azureml-sdk=1.0", []),
        ("applicationinsights=0.11", []),
    ],
)
def test_a_conda_pin_becomes_one_for_pip(item, requirements):
    assert parse_conda(f"dependencies: ['{item}']").requirements == requirements


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "is no YAML"),
        ("name: x", "no list of `dependencies`"),
        ("dependencies: [{conda: [x]}]", "is no dependency"),
        ("dependencies: ['what is this']", "is no dependency"),
        ("dependencies: ['python>=3.8']", r"wanted python=3\.X"),
    ],
)
def test_a_conda_file_that_cannot_be_used_is_named(text, message):
    with pytest.raises(BadInput, match=message):
        parse_conda(text)


def test_packing_twice_gives_the_same_package(four):
    assert packed(four)[0].digest == packed(four)[0].digest


def test_a_sample_that_does_not_fit_the_schema_is_refused(four):
    with pytest.raises(BadInput, match="does not fit the schema"):
        packed(four, sample=pd.DataFrame({"other": [1]}))
