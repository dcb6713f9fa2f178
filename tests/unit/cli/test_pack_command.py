"""`scienceops pack`: from files to a package, with readable refusals."""

import json

import joblib
import pytest
import skops.io
from click.testing import CliRunner
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from scienceops.cli.pack import pack
from scienceops.core.package import read_package
from scienceops.errors import BadInput, PickleNotAllowed

IRIS = load_iris(as_frame=True)
ROWS = IRIS.data.rename(columns=lambda name: name.removesuffix(" (cm)").replace(" ", "_"))
SCORE = (
    "import joblib\n"
    "def init():\n    global model\n    model = joblib.load('model.pkl')\n"
    "def run(input_df):\n    return model.predict(input_df)\n"
)


@pytest.fixture
def folder(tmp_path):
    model = LogisticRegression(max_iter=500).fit(ROWS, IRIS.target)
    skops.io.dump(model, tmp_path / "model.skops")
    joblib.dump(model, tmp_path / "model.pkl")
    (tmp_path / "score.py").write_text(SCORE)
    ROWS.head(5).to_csv(tmp_path / "rows.csv", index=False)
    ROWS.assign(label=IRIS.target).to_parquet(tmp_path / "training.parquet")
    (tmp_path / "rows.json").write_text(
        json.dumps({"input_df": ROWS.head(2).to_dict(orient="records")})
    )
    (tmp_path / "conda_dependencies.yml").write_text(
        "dependencies:\n- python=3.11\n- scikit-learn\n- pip: [azureml-defaults]\n"
    )
    properties = {name: {"type": "number"} for name in ROWS.columns}
    example = ROWS.head(1).to_dict(orient="records")
    swagger = {"items": {"properties": properties}, "example": example}
    (tmp_path / "service_schema.json").write_text(
        json.dumps({"input": {"input_df": {"swagger": swagger}}})
    )
    return tmp_path


def run(folder, *arguments):
    out = folder / "packed.zip"
    found = [folder / a if (folder / str(a)).is_file() else a for a in arguments]
    result = CliRunner().invoke(
        pack, ["--name", "iris", "--out", str(out), *map(str, found)], catch_exceptions=False
    )
    return result, out


def opened(out):
    return read_package(out, limit_bytes=10**9)


@pytest.mark.parametrize("sample", ["rows.csv", "rows.json"])
def test_a_model_and_a_sample_make_a_package(folder, sample):
    result, out = run(folder, "--model", "model.skops", "--sample", sample)
    assert result.exit_code == 0
    assert f"packed {out}" in result.stdout
    assert f"scienceops push {out}" in result.stdout
    assert opened(out).manifest.task == "classification"


def test_the_training_data_can_be_the_sample(folder):
    _, out = run(
        folder, "--model", "model.skops", "--training-data", "training.parquet", "--target", "label"
    )
    package = opened(out)
    assert "baseline.parquet" in package.files
    assert len(package.sample.rows) == 100


def test_the_four_classic_files_pack_as_they_are(folder):
    result, out = run(
        folder,
        *("--model", "model.pkl", "--score", "score.py"),
        *("--schema", "service_schema.json", "--conda", "conda_dependencies.yml"),
    )
    assert result.exit_code == 0
    assert opened(out).manifest.model.file == "model.pkl"
    assert "note: model.pkl is a pickle" in result.stderr
    assert "note: azureml-defaults was left out" in result.stderr


def test_json_is_one_object_on_standard_output(folder):
    result, out = run(folder, "--model", "model.skops", "--sample", "rows.csv", "--json")
    document = json.loads(result.stdout)
    assert document["path"] == str(out)
    assert document["digest"] == opened(out).digest
    assert document["format"] == "skops"


def test_metrics_and_tags_come_as_pairs_or_from_a_file(folder):
    (folder / "metrics.json").write_text('{"f1": 0.5}')
    _, out = run(
        folder,
        *("--model", "model.skops", "--sample", "rows.csv", "--tag", "team=blue"),
        *("--metrics", "accuracy=0.75", "--metrics", "metrics.json"),
    )
    assert opened(out).manifest.metrics == {"accuracy": 0.75, "f1": 0.5}
    assert opened(out).manifest.tags == {"team": "blue"}


def test_a_pickle_alone_is_read_only_with_consent(folder):
    with pytest.raises(PickleNotAllowed, match="--allow-pickle"):
        run(folder, "--model", "model.pkl", "--sample", "rows.csv")
    result, _ = run(folder, "--model", "model.pkl", "--sample", "rows.csv", "--allow-pickle")
    assert result.exit_code == 0


def test_without_any_rows_it_is_wrong_usage(folder):
    result, _ = run(folder, "--model", "model.skops")
    assert result.exit_code == 2
    assert "--sample FILE" in result.stderr


def test_a_schema_without_a_score_py_is_wrong_usage(folder):
    result, _ = run(folder, "--model", "model.skops", "--schema", "service_schema.json")
    assert result.exit_code == 2
    assert "give --score too" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--metrics", "accuracy=high"), "'high' is no number"),
        (("--metrics", "absent.json"), "neither NAME=VALUE nor a JSON file"),
        (("--tag", "blue"), "'blue' is no NAME=VALUE"),
    ],
)
def test_a_wrong_value_is_named(folder, arguments, message):
    with pytest.raises(BadInput, match=message):
        run(folder, "--model", "model.skops", "--sample", "rows.csv", *arguments)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("rows.txt", "a", r"wanted one of \.csv"),
        ("bad.json", "{", "cannot be read as .json"),
        ("bad.jsonl", "1\n", "wanted a list of objects"),
        ("empty.json", "[]", "holds no rows"),
    ],
)
def test_a_sample_that_cannot_be_read_is_named(folder, name, text, message):
    (folder / name).write_text(text)
    with pytest.raises(BadInput, match=message):
        run(folder, "--model", "model.skops", "--sample", name)


def test_a_model_of_an_unknown_kind_asks_for_a_score_py(folder):
    (folder / "model.h5").write_bytes(b"x")
    with pytest.raises(BadInput, match=r"or a score\.py that loads it"):
        run(folder, "--model", "model.h5", "--sample", "rows.csv")


def test_a_requirement_that_excludes_what_is_installed_is_a_note(folder):
    (folder / "requirements.txt").write_text("numpy<2\n")
    options = ("--model", "model.skops", "--sample", "rows.csv", "--json")
    result, out = run(folder, *options, "--requirements", "requirements.txt")
    [note] = result.stderr.splitlines()
    assert note.startswith("note: requirements say numpy<2, but numpy ")
    assert json.loads(result.stdout)["notes"] == [note.removeprefix("note: ")]
    assert "numpy<2" in opened(out).requirements


def test_the_classic_workflow_notes_them_of_its_conda_file_too(folder):
    (folder / "conda_dependencies.yml").write_text(
        "dependencies:\n- python=3.11\n- scikit-learn\n- pip: ['numpy<2']\n"
    )
    options = ("--model", "model.pkl", "--score", "score.py", "--sample", "rows.csv")
    result, _ = run(folder, *options, "--conda", "conda_dependencies.yml")
    assert "note: requirements say numpy<2, but" in result.stderr


@pytest.mark.parametrize(
    ("file", "words", "kind"),
    [("bad.skops", [], "skops"), ("bad.pkl", ["--allow-pickle"], "pickle")],
)
@pytest.mark.parametrize("content", [b"junk", b""])
def test_a_damaged_model_file_is_told_as_one(folder, file, words, kind, content):
    (folder / file).write_bytes(content)
    with pytest.raises(
        BadInput, match=rf"{file} cannot be read as {kind} \(.*save the model again"
    ):
        run(folder, "--model", file, "--sample", "rows.csv", *words)
