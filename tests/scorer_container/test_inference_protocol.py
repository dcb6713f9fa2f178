"""The Open Inference Protocol, on both faces: tensors for rows, its health and its errors."""

import json
import struct

import numpy as np
import pytest
from face import Face
from models import diabetes_frame, pack_diabetes
from protocol_bodies import COLUMNS, INFER, LABELS, VALUES, captured_values, tensors_by_column


@pytest.mark.parametrize("path", [INFER, "/v2/models/iris/versions/1/infer"])
@pytest.mark.parametrize(
    "inputs",
    [
        [{"name": "x", "shape": [4, 4], "datatype": "FP64", "data": VALUES}],
        [
            {
                "name": "x",
                "shape": [4, 4],
                "datatype": "FP64",
                "data": [v for row in VALUES for v in row],
            }
        ],
        tensors_by_column(),
        [{**tensor, "shape": [4, 1]} for tensor in tensors_by_column()],
    ],
)
def test_tensors_are_scored(face, path, inputs):
    body = json.dumps({"id": "mine", "inputs": inputs}).encode()
    status, headers, answer = face.ask("POST", path, body)
    assert (status, headers["content-type"]) == (200, "application/json"), answer
    reply = json.loads(answer)
    assert (reply["model_name"], reply["model_version"], reply["id"]) == ("iris", "1", "mine")
    predict, shares = reply["outputs"]
    assert predict == {"name": "predict", "shape": [4], "datatype": "BYTES", "data": LABELS}
    assert (shares["shape"], shares["datatype"]) == ([4, 3], "FP64")
    assert shares["parameters"]["labels"] == ["setosa", "versicolor", "virginica"]
    assert np.allclose(np.array(shares["data"]).reshape(4, 3).sum(axis=1), 1.0)
    assert captured_values(face) == VALUES
    assert face.captured()[0]["request_id"] == reply["parameters"]["request_id"]


def test_tensors_come_and_go_as_bytes(face):
    data = np.array(VALUES, dtype="<f4").tobytes()
    tensor = {"name": "x", "shape": [4, 4], "datatype": "FP32"}
    tensor["parameters"] = {"binary_data_size": len(data)}
    head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    status, headers, answer = face.ask(
        "POST",
        INFER,
        head + data,
        kind="application/octet-stream",
        Inference_Header_Content_Length=str(len(head)),
    )
    assert status == 200, answer
    length = int(headers["inference-header-content-length"])
    predict, shares = json.loads(answer[:length])["outputs"]
    sizes = [output["parameters"]["binary_data_size"] for output in (predict, shares)]
    assert sum(sizes) == len(answer) - length
    rest, found = answer[length : length + sizes[0]], []
    while rest:
        (size,) = struct.unpack("<I", rest[:4])
        found.append(rest[4 : 4 + size].decode())
        rest = rest[4 + size :]
    assert found == LABELS
    values = np.frombuffer(answer[length + sizes[0] :], "<f8").reshape(shares["shape"])
    assert np.allclose(values.sum(axis=1), 1.0)


def test_only_the_outputs_that_are_asked_for_are_sent(face):
    document = {"inputs": tensors_by_column(), "outputs": [{"name": "predict_proba"}]}
    reply = json.loads(face.ask("POST", INFER, json.dumps(document).encode())[2])
    assert [output["name"] for output in reply["outputs"]] == ["predict_proba"]


def test_texts_and_missing_numbers_as_tensors(tmp_path):
    face = Face(tmp_path, pack_diabetes(tmp_path), fast=True)
    frame, _ = diabetes_frame()
    names = [b"female", b"male"]
    text = b"".join(len(name).to_bytes(4, "little") + name for name in names)
    bmi = np.array([np.nan, 0.05]).tobytes()
    inputs = [
        {"name": n, "shape": [2], "datatype": "FP64", "data": frame[n].head(2).tolist()}
        for n in ("age", "bp", "s5")
    ]
    for name, kind, data in (("bmi", "FP64", bmi), ("sex", "BYTES", text)):
        more = {"parameters": {"binary_data_size": len(data)}}
        inputs.append({"name": name, "shape": [2], "datatype": kind, **more})
    head = json.dumps({"inputs": inputs}).encode()
    status, _, answer = face.ask(
        "POST", INFER, head + bmi + text, Inference_Header_Content_Length=str(len(head))
    )
    assert status == 200, answer
    (predict,) = json.loads(answer)["outputs"]
    assert (predict["shape"], predict["datatype"]) == ([2], "FP64")
    (call,) = face.captured()
    assert call["columns"][1] == [None, 0.05]
    assert call["columns"][4] == ["female", "male"]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({}, "inputs"),
        ([], "object"),
        ({"inputs": [{"name": "x"}]}, "shape"),
        ({"inputs": [{**tensors_by_column()[0], "shape": [3]}]}, "4 values"),
        ({"inputs": [{**tensors_by_column()[0], "shape": [-1]}]}, "whole numbers"),
        ({"inputs": [{**tensors_by_column()[0], "shape": [10**4000] * 2}]}, "wants more"),
        ({"inputs": [{**tensors_by_column()[0], "shape": [1] * 1000}]}, "the shape"),
        ({"inputs": tensors_by_column(), "id": "\ud800"}, "half a character"),
        ({"inputs": [{**tensors_by_column()[0], "datatype": "FP128"}]}, "datatype"),
        ({"inputs": tensors_by_column()[:3]}, "missing value"),
        ({"inputs": [{**tensors_by_column()[0], "name": "x"}]}, "no column 'x'"),
        (
            {"inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP64", "data": [1, 2, 3, 4]}]},
            "shape",
        ),
        ({"inputs": tensors_by_column(), "outputs": [{"name": "logits"}]}, "no output 'logits'"),
        ({"inputs": tensors_by_column(), "outputs": 5}, "wanted a list"),
        ({"inputs": tensors_by_column(), "outputs": [5]}, "no output 5"),
        ({"inputs": tensors_by_column(), "outputs": [{"name": "predict"}] * 2}, "twice"),
        (
            {
                "inputs": tensors_by_column(),
                "outputs": [{"name": "predict", "parameters": "x"}],
            },
            "wanted an object",
        ),
        ({"inputs": tensors_by_column(), "parameters": 3}, "wanted an object"),
        ({"inputs": [{**tensors_by_column()[0], "parameters": 3}]}, "wanted an object"),
        ({"inputs": [{**tensors_by_column()[0], "datatype": ["FP64"]}]}, "datatype"),
        ({"inputs": [*tensors_by_column(), tensors_by_column()[0]]}, "twice"),
        (
            {
                "inputs": [
                    {
                        "name": "x",
                        "shape": [1, 4],
                        "datatype": "FP64",
                        "parameters": {"binary_data_size": 32},
                    }
                ]
            },
            "0 bytes came",
        ),
    ],
)
def test_what_is_wrong_with_tensors_is_an_error_of_the_protocol(face, document, says):
    status, _, answer = face.ask("POST", INFER, json.dumps(document).encode())
    told = json.loads(answer)
    assert status in (400, 422)
    assert set(told) == {"error"}
    assert says in told["error"]
    assert face.captured() == []


@pytest.mark.parametrize("length", ["x", "-1", "9" * 5000, "99999"])
def test_a_length_of_the_json_that_is_none_is_refused(face, length):
    body = json.dumps({"inputs": tensors_by_column()}).encode()
    status, _, answer = face.ask("POST", INFER, body, Inference_Header_Content_Length=length)
    assert (status, set(json.loads(answer))) == (400, {"error"})


def test_another_version_or_model_is_not_here(face):
    body = json.dumps({"inputs": tensors_by_column()}).encode()
    assert face.ask("POST", "/v2/models/iris/versions/9/infer", body)[0] == 404
    for method, path in (
        ("POST", "/v2/models/wine/infer"),
        ("GET", "/v2/models/iris/versions/9"),
        ("GET", "/v2/models/wine"),
    ):
        status, headers, answer = face.ask(method, path, body)
        assert (status, set(json.loads(answer))) == (404, {"error"})
        assert headers["content-type"] == "application/json"
    assert face.captured() == []


def test_health_and_metadata_of_the_protocol(face):
    assert json.loads(face.ask("GET", "/v2")[2])["name"] == "scienceops"
    for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/iris/ready"):
        assert face.ask("GET", path)[0] == 200
    model = json.loads(face.ask("GET", "/v2/models/iris/versions/1")[2])
    assert (model["name"], model["versions"]) == ("iris", ["1"])
    assert [tensor["name"] for tensor in model["inputs"]] == COLUMNS
    assert {tensor["datatype"] for tensor in model["inputs"]} == {"FP64"}
