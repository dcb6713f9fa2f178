"""ONNX files: packed as they are, proved on a sample, and run by onnxruntime."""

import json

import numpy as np
import onnx
import pandas as pd
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from scienceops import pack
from scienceops.cli.pack import pack as pack_command
from scienceops.core.package import read_package
from scienceops.core.versions import Version
from scienceops.errors import BadInput, BadPackage, ModelFailed
from scienceops.packing.elsewhere import pack_elsewhere
from scienceops.running import load_runner

IRIS = load_iris(as_frame=True)
MODEL = LogisticRegression(max_iter=500).fit(IRIS.data.to_numpy(), IRIS.target_names[IRIS.target])
FIRST = IRIS.data.to_numpy()[:1].astype("f4")


def write(folder, model):
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def packed(path, sample=None, **more):
    result = pack_elsewhere(path, sample, name="iris", out=path.parent, **more)
    return read_package(result.path, limit_bytes=10**9)


def runner_of(package, folder):
    package.extract_to(folder)
    return load_runner(folder)


@pytest.mark.parametrize("zipmap", [True, False])
def test_a_tensor_takes_the_columns_in_the_order_of_the_schema(tmp_path, zipmap):
    graph = to_onnx(MODEL, FIRST, options={id(MODEL): {"zipmap": zipmap}})
    package = packed(write(tmp_path, graph), IRIS.data.iloc[::30])
    manifest = package.manifest
    assert (manifest.model.format, manifest.runtime.kind) == ("onnx", "onnx")
    assert (manifest.task, manifest.classes) == ("classification", tuple(IRIS.target_names))
    rows = IRIS.data.iloc[::50].to_dict("records")
    scored = runner_of(package, tmp_path / "out").predict(rows)
    assert scored.predictions == ["setosa", "versicolor", "virginica"]
    shares = [list(row.values()) for row in scored.probabilities]
    assert np.allclose(shares, MODEL.predict_proba(IRIS.data.iloc[::50].to_numpy()), atol=1e-6)


def test_inputs_by_name_take_their_columns_whatever_the_order(tmp_path):
    frame = pd.DataFrame({"size": [1.0, 2.0, 3.0] * 4, "colour": ["red", "blue"] * 6})
    frame["count"] = range(12)
    encode = make_column_transformer((OneHotEncoder(), ["colour"]), remainder="passthrough")
    model = make_pipeline(encode, LinearRegression()).fit(frame, np.arange(12.0) ** 2)
    types = [
        ("size", FloatTensorType([None, 1])),
        ("colour", StringTensorType([None, 1])),
        ("count", Int64TensorType([None, 1])),
    ]
    graph = to_onnx(model, initial_types=types)
    shuffled = frame[["count", "colour", "size"]]
    package = packed(write(tmp_path, graph), shuffled)
    assert [(c.name, c.type) for c in package.schema.columns] == [
        ("count", "integer"),
        ("colour", "string"),
        ("size", "number"),
    ]
    assert package.manifest.task == "regression"
    assert np.allclose(package.sample.predictions, model.predict(frame), atol=1e-3)


def test_whole_numbers_of_a_sample_are_floats_where_the_graph_takes_floats(tmp_path):
    whole = [[5, 3, 1, 0], [6, 3, 5, 2]]
    package = packed(
        write(tmp_path, to_onnx(MODEL, FIRST)), pd.DataFrame(whole, columns=list("abcd"))
    )
    assert {column.type for column in package.schema.columns} == {"number"}


def test_a_schema_file_with_examples_needs_no_sample(tmp_path):
    row = dict(zip("abcd", [5.0, 3.0, 1.0, 0.2], strict=True))
    document = {
        "type": "object",
        "properties": {name: {"type": "number"} for name in row},
        "required": list(row),
        "examples": [row],
    }
    schema = tmp_path / "service_schema.json"
    schema.write_text(json.dumps(document))
    package = packed(write(tmp_path, to_onnx(MODEL, FIRST)), schema_file=schema)
    assert package.sample.predictions == ["setosa"]


def test_training_data_gives_ranges_and_a_baseline(tmp_path):
    path = write(tmp_path, to_onnx(MODEL, FIRST))
    package = packed(path, IRIS.data.head(2), training_data=IRIS.data)
    assert package.schema.columns[0].maximum == IRIS.data.iloc[:, 0].max()
    assert "baseline.parquet" in package.files


def graph_of(nodes, inputs, outputs, **more):
    def described(items):
        return [helper.make_tensor_value_info(*item) for item in items]

    graph = helper.make_graph(nodes, "g", described(inputs), described(outputs), **more)
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8)


def adding(kind=TensorProto.FLOAT, shape=("n", 1)):
    return graph_of(
        [helper.make_node("Add", ["a", "b"], ["sum"])],
        [("a", kind, list(shape)), ("b", kind, list(shape))],
        [("sum", kind, list(shape))],
    )


def test_missing_numbers_reach_a_graph_of_floats_as_nan(tmp_path):
    only = graph_of(
        [helper.make_node("IsNaN", ["a"], ["gone"])],
        [("a", TensorProto.FLOAT, ["n", 1])],
        [("gone", TensorProto.BOOL, ["n", 1])],
    )
    package = packed(write(tmp_path, only), pd.DataFrame({"a": [1.0, None]}))
    assert package.sample.predictions == [False, True]


def test_inputs_without_a_second_dimension_are_fed_so(tmp_path):
    package = packed(write(tmp_path, adding(shape=("n",))), pd.DataFrame({"a": [1.0], "b": [2.5]}))
    assert package.sample.predictions == [3.5]


@pytest.mark.parametrize(
    ("model", "sample", "says"),
    [
        (adding(), {"a": [1.0]}, "the columns are a, the graph takes a tensor"),
        (adding(), {"a": [1.0], "b": ["x"]}, "column 'b' is a string"),
        (adding(TensorProto.INT64), {"a": [1], "b": [2.5]}, "column 'b' is a number"),
        (adding(TensorProto.FLOAT16), {"a": [1.0], "b": [2.0]}, "tensor\\(float16\\)"),
        (adding(shape=("n", 2, 2)), {"a": [1.0], "b": [2.0]}, "input 'a'"),
        (to_onnx(MODEL, FIRST), {"a": [1.0], "b": [2.0]}, "the columns are a, b"),
    ],
)
def test_columns_that_do_not_fit_the_graph_are_named(tmp_path, model, sample, says):
    with pytest.raises(BadPackage, match=says):
        packed(write(tmp_path, model), pd.DataFrame(sample))


def test_missing_whole_numbers_are_refused_for_a_graph_that_has_none(tmp_path):
    frame = pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": [1, 2]})
    with pytest.raises(BadPackage, match="column 'a' may be missing"):
        packed(write(tmp_path, adding(TensorProto.INT64)), frame)


def test_a_graph_without_a_value_per_row_is_refused(tmp_path):
    only = graph_of(
        [helper.make_node("Identity", ["x"], ["y"])],
        [("x", TensorProto.FLOAT, ["n", 3])],
        [("y", TensorProto.FLOAT, ["n", 3])],
    )
    with pytest.raises(ModelFailed, match="one value per row"):
        packed(write(tmp_path, only), pd.DataFrame([[1.0, 2.0, 3.0]], columns=list("abc")))


def test_weights_in_another_file_are_refused(tmp_path):
    model = to_onnx(MODEL, FIRST)
    tensor = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    model.graph.initializer.append(tensor)
    model.graph.initializer[-1].data_location = onnx.TensorProto.EXTERNAL
    with pytest.raises(BadInput, match="weights inside"):
        packed(write(tmp_path, model), IRIS.data.head(2))


@pytest.mark.parametrize("data", [b"", b"junk", b"\x08\x08"])
def test_what_is_no_onnx_file_is_told(tmp_path, data):
    (tmp_path / "model.onnx").write_bytes(data)
    with pytest.raises((BadInput, BadPackage), match="export the model again"):
        packed(tmp_path / "model.onnx", IRIS.data.head(2))


def test_what_a_graph_cannot_take_is_refused(tmp_path):
    path = write(tmp_path, to_onnx(MODEL, FIRST))
    with pytest.raises(BadInput, match="runs as it is"):
        packed(path, IRIS.data.head(2), runtime="compiled")
    with pytest.raises(BadInput, match="the columns are unknown"):
        packed(path)


def test_serving_it_takes_onnxruntime_and_no_scikit_learn(tmp_path):
    package = packed(write(tmp_path, to_onnx(MODEL, FIRST)), IRIS.data.head(2))
    version = Version(
        service="iris",
        number=1,
        digest=package.digest,
        uploaded_at="",
        uploaded_key="",
        manifest=package.manifest.to_document(),
        requirements=package.requirements,
    )
    names = [line.partition("==")[0] for line in version.serving_requirements]
    assert names == ["numpy", "onnxruntime"]


def test_a_graph_that_its_manifest_does_not_run_is_refused(tmp_path):
    package = packed(write(tmp_path, to_onnx(MODEL, FIRST)), IRIS.data.head(2))
    document = package.manifest.to_document()
    document["runtime"]["kind"] = "sklearn"
    from scienceops.core.manifest import Manifest
    from scienceops.packing.write_package import write_package

    files = {name: package.read(name) for name in package.files if name != "manifest.json"}
    with pytest.raises(BadPackage, match="does not run by sklearn"):
        write_package(Manifest.from_document(document), files, tmp_path)


def test_the_command_and_pack_tell_it_by_its_ending(tmp_path):
    path = write(tmp_path, to_onnx(MODEL, FIRST))
    sample = tmp_path / "rows.csv"
    IRIS.data.head(3).to_csv(sample, index=False)
    words = [
        "--name",
        "iris",
        "--model",
        str(path),
        "--sample",
        str(sample),
        "--out",
        str(tmp_path),
    ]
    result = CliRunner().invoke(pack_command, words, catch_exceptions=False)
    assert "served by onnxruntime, without scikit-learn" in result.stdout
    one = pack(path, IRIS.data.head(3), name="iris", path=tmp_path / "one.zip")
    assert read_package(one, limit_bytes=10**9).digest[:8] in result.stdout


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BadInput, match=r"none\.onnx cannot be read: No such file"):
        pack(tmp_path / "none.onnx", name="iris", path=tmp_path)
