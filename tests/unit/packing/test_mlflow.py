"""MLflow model directories, as MLflow 2 and 3 write them: packed, proved, ready to be served."""

import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner
from mlflow_directory import columns_of, write_mlflow
from scipy import ndimage
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from scienceops import pack
from scienceops.cli.pack import pack as pack_command
from scienceops.core.package import read_package
from scienceops.errors import BadInput, BadSchema, PickleNotAllowed
from scienceops.packing.elsewhere import is_from_elsewhere, pack_elsewhere
from scienceops.running import load_runner

IRIS = load_iris(as_frame=True)
MODEL = LogisticRegression(max_iter=500).fit(IRIS.data, IRIS.target_names[IRIS.target])
INPUTS = columns_of(IRIS.data)
SPLIT = {"columns": list(IRIS.data.columns), "data": IRIS.data.head(3).to_numpy().tolist()}


def read(path):
    return read_package(path, limit_bytes=10**9)


def packed(folder, **more):
    result = pack_elsewhere(folder, name="iris", out=folder.parent, **more)
    return read(result.path), result.notes


def test_a_skops_model_is_packed_without_consent_and_compiled(tmp_path):
    folder = write_mlflow(tmp_path / "m", MODEL, form="skops", inputs=INPUTS, example=SPLIT)
    package, notes = packed(folder)
    assert notes == ()
    assert package.manifest.runtime.kind == "compiled"
    assert package.sample.predictions == ["setosa"] * 3
    assert package.manifest.origin["mlflow_version"] == "3.17.2"
    assert [(c.name, c.type, c.nullable) for c in package.schema.columns] == [
        (name, "number", False) for name in IRIS.data.columns
    ]
    package.extract_to(tmp_path / "out")
    rows = IRIS.data.iloc[::50].to_dict("records")
    scored = load_runner(tmp_path / "out").predict(rows)
    assert scored.predictions == ["setosa", "versicolor", "virginica"]


@pytest.mark.parametrize("form", ["pickle", "cloudpickle"])
def test_a_pickle_needs_consent_and_leaves_none_of_itself(tmp_path, form):
    folder = write_mlflow(tmp_path / "m", MODEL, form=form, inputs=INPUTS, example=SPLIT)
    with pytest.raises(PickleNotAllowed, match="--allow-pickle"):
        packed(folder)
    package, _ = packed(folder, allow_pickle=True)
    # The model was read once, with consent; what is served holds no pickle any more.
    entry = package.manifest.model
    assert (entry.file, entry.allow_pickle) == ("model.skops", False)


def test_a_model_that_skops_cannot_hold_stays_a_pickle_by_that_consent(tmp_path):
    model = make_pipeline(FunctionTransformer(ndimage.laplace), LogisticRegression())
    model.fit(IRIS.data.to_numpy(), IRIS.target)
    folder = write_mlflow(tmp_path / "m", model, example=SPLIT["data"])
    package, _ = packed(folder, allow_pickle=True)
    entry = package.manifest.model
    assert (entry.file, entry.allow_pickle) == ("model.joblib", True)


def test_a_zip_of_a_directory_is_the_same_model(tmp_path):
    folder = write_mlflow(tmp_path / "m", MODEL, form="skops", inputs=INPUTS, example=SPLIT)
    flat = shutil.make_archive(str(tmp_path / "flat"), "zip", folder)
    nested = shutil.make_archive(str(tmp_path / "nested"), "zip", tmp_path, "m")
    digests = {packed(path)[0].digest for path in map(Path, (flat, nested))}
    assert digests == {packed(folder)[0].digest}


def test_pack_takes_the_path(tmp_path):
    folder = write_mlflow(tmp_path / "m", MODEL, form="skops", inputs=INPUTS, example=SPLIT)
    path = pack(folder, name="iris", path=tmp_path, training_data=IRIS.data, metrics={"f1": 1})
    package = read(path)
    assert package.schema.columns[0].minimum == IRIS.data.iloc[:, 0].min()
    assert package.manifest.metrics == {"f1": 1.0}


def test_a_tensor_signature_is_a_model_of_arrays(tmp_path):
    model = LogisticRegression(max_iter=500).fit(IRIS.data.to_numpy(), IRIS.target)
    tensor = {"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 4]}}
    # Whole by chance, which the signature says.
    folder = write_mlflow(
        tmp_path / "m", model, form="skops", inputs=[tensor], example=[[5, 3, 1, 0]] * 2
    )
    package, _ = packed(folder)
    assert [(c.name, c.type) for c in package.schema.columns] == [
        (f"x{n}", "number") for n in range(4)
    ]


def test_the_signature_says_types_and_what_may_be_missing(tmp_path):
    from sklearn.ensemble import HistGradientBoostingRegressor

    frame = pd.DataFrame({"age": [30, 40, 50, 60], "bmi": [20.0, 25.0, None, 30.0]})
    model = HistGradientBoostingRegressor(min_samples_leaf=1).fit(frame, [1.0, 2.0, 3.0, 4.0])
    inputs = [
        {"type": "long", "name": "age", "required": True},
        {"type": "double", "name": "bmi", "optional": True},
    ]
    folder = write_mlflow(tmp_path / "m", model, form="skops", inputs=inputs, release="2.4.1")
    package, _ = packed(folder, sample=frame.head(2))
    assert [(c.type, c.nullable) for c in package.schema.columns] == [
        ("integer", False),
        ("number", True),
    ]


def test_its_requirements_become_ours_in_the_versions_it_was_proved_with(tmp_path):
    lines = "mlflow==3.17.2\nscikit-learn==0.24.0\ncloudpickle==3\nno-such-thing==1.2\n"
    folder = write_mlflow(tmp_path / "m", MODEL, form="skops", example=SPLIT, requirements=lines)
    package, notes = packed(folder)
    names = {line.partition("==")[0]: line for line in package.requirements}
    assert "no-such-thing==1.2" in package.requirements
    assert not {"mlflow", "cloudpickle"} & set(names)
    assert names["scikit-learn"] != "scikit-learn==0.24.0"
    assert any("scikit-learn==0.24.0" in note for note in notes)


def test_without_requirements_the_conda_file_is_read(tmp_path):
    folder = write_mlflow(tmp_path / "m", MODEL, form="skops", example=SPLIT, requirements=None)
    package, _ = packed(folder)
    assert any(line.startswith("joblib==") for line in package.requirements)


def test_another_scikit_learn_is_told(tmp_path):
    folder = write_mlflow(tmp_path / "m", MODEL, form="skops", example=SPLIT)
    document = (folder / "MLmodel").read_text()
    (folder / "MLmodel").write_text(document.replace("sklearn_version: ", "sklearn_version: 0."))
    assert any("trained with scikit-learn 0." in note for note in packed(folder)[1])


PYFUNC = {"python_function": {"loader_module": "mlflow.sklearn", "model_path": "model.skops"}}


def test_the_pyfunc_flavor_alone_will_do(tmp_path):
    folder = write_mlflow(tmp_path / "m", MODEL, form="skops", example=SPLIT, flavors=PYFUNC)
    assert packed(folder)[0].sample.predictions == ["setosa"] * 3


@pytest.mark.parametrize(
    ("flavors", "says"),
    [
        ({"python_function": {"loader_module": "mlflow.xgboost"}}, "loaded by mlflow.xgboost"),
        ({"sklearn": {"pickled_model": "../../secret"}}, "not in the directory"),
        ({"sklearn": {"pickled_model": "gone.pkl"}}, "not in the directory"),
        ({"sklearn": {"pickled_model": "model.skops", "code": "code"}}, "code of its own"),
    ],
)
def test_what_cannot_be_served_is_refused_with_a_way_out(tmp_path, flavors, says):
    folder = write_mlflow(tmp_path / "m", MODEL, form="skops", example=SPLIT, flavors=flavors)
    with pytest.raises(BadInput, match=says):
        packed(folder)


def test_without_an_example_a_sample_is_asked_for(tmp_path):
    folder = write_mlflow(tmp_path / "m", MODEL, form="skops", inputs=INPUTS)
    with pytest.raises(BadInput, match="give a sample"):
        packed(folder)
    assert packed(folder, sample=IRIS.data.head(2))[0].sample.rows


def test_a_column_of_another_kind_is_named(tmp_path):
    inputs = [*INPUTS[:3], {"type": "array", "name": "petal width (cm)"}]
    folder = write_mlflow(tmp_path / "m", MODEL, form="skops", inputs=inputs, example=SPLIT)
    with pytest.raises(BadSchema, match="'petal width \\(cm\\)' of the signature is a array"):
        packed(folder)


def test_a_model_file_that_does_not_load_is_told(tmp_path):
    folder = write_mlflow(tmp_path / "m", MODEL, example=SPLIT)
    (folder / "model.pkl").write_bytes(b"cno_such_module\nThing\n.")
    with pytest.raises(BadInput, match="no_such_module"):
        packed(folder, allow_pickle=True)


def test_the_command_tells_by_the_path(tmp_path):
    folder = write_mlflow(tmp_path / "m", MODEL, form="skops", inputs=INPUTS, example=SPLIT)
    words = ["--name", "iris", "--model", str(folder), "--out", str(tmp_path), "--json"]
    result = CliRunner().invoke(pack_command, words, catch_exceptions=False)
    assert '"kind": "compiled"' in result.stdout
    empty = tmp_path / "empty"
    empty.mkdir()
    words[3] = str(empty)
    assert "without an MLmodel file" in CliRunner().invoke(pack_command, words).output


def test_a_package_of_our_own_is_not_from_elsewhere(tmp_path):
    path = pack(MODEL, IRIS.data.head(3), name="iris", path=tmp_path)
    assert not is_from_elsewhere(path)


@pytest.mark.parametrize(
    ("key", "found"),
    [("signature", "text"), ("saved_input_example_info", ["a"])],
)
def test_a_part_of_the_file_that_is_no_mapping_is_named(tmp_path, key, found):
    folder = write_mlflow(tmp_path / "m", MODEL, form="skops", inputs=INPUTS, example=SPLIT)
    document = yaml.safe_load((folder / "MLmodel").read_text())
    (folder / "MLmodel").write_text(yaml.safe_dump({**document, key: found}))
    with pytest.raises(BadInput, match=f"MLmodel: {key} is .*, wanted names with values"):
        packed(folder)


@pytest.mark.parametrize("text", ["{", '{"columns": ["a", "b"], "data": [[1]]}', "[[1, 2], [3]]"])
def test_an_example_that_is_no_table_leaves_the_sample_to_be_given(tmp_path, text):
    folder = write_mlflow(tmp_path / "m", MODEL, form="skops", inputs=INPUTS, example=SPLIT)
    (folder / "input_example.json").write_text(text)
    with pytest.raises(BadInput, match="no input example that is a table"):
        packed(folder)
    assert packed(folder, sample=IRIS.data.head(3))


def test_an_example_outside_of_the_directory_is_not_read(tmp_path):
    folder = write_mlflow(tmp_path / "m", MODEL, form="skops", inputs=INPUTS, example=SPLIT)
    (folder / "input_example.json").rename(tmp_path / "outside.json")
    file = folder / "MLmodel"
    file.write_text(file.read_text().replace("input_example.json", "../outside.json"))
    with pytest.raises(BadInput, match="no input example"):
        packed(folder)


def test_a_zip_that_unpacks_to_much_is_not_unpacked(tmp_path):
    folder = write_mlflow(tmp_path / "m", MODEL, form="skops", inputs=INPUTS, example=SPLIT)
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "MLmodel", "MLmodel")
        archive.writestr("more", bytes(80_000_000))
    with pytest.raises(BadInput, match="look like a zip bomb"):
        packed(path)
