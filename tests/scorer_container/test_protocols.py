"""The protocols of others, on both faces: the same rows, the same answers, the same captures."""

import gzip
import io
import json
import random
import struct
import zlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from face import LIMIT, Face
from models import diabetes_frame, iris_rows, pack_diabetes, pack_iris
from sklearn.linear_model import LogisticRegression

from scienceops import pack

ROWS = iris_rows()[::40]
COLUMNS = list(ROWS[0])
VALUES = [list(row.values()) for row in ROWS]
LABELS = ["setosa", "setosa", "versicolor", "virginica"]
ARROW = "application/vnd.apache.arrow.stream"


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return pack_iris(tmp_path_factory.mktemp("package"))


@pytest.fixture(params=["fast", "flask"])
def face(request, tmp_path, package):
    return Face(tmp_path, package, fast=request.param == "fast")


def captured_values(face):
    (call,) = face.captured()
    return [list(row) for row in zip(*call["columns"], strict=True)]


FORMS = {
    "input_df": ROWS,
    "dataframe_records": ROWS,
    "dataframe_split": {"columns": COLUMNS, "data": VALUES},
    "inputs": {name: [row[name] for row in ROWS] for name in COLUMNS},
    "instances": ROWS,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("path", ["/score", "/invocations"])
def test_the_json_forms_score_alike(face, path, form):
    body = json.dumps({form: FORMS[form]}).encode()
    status, headers, answer = face.ask("POST", path, body)
    assert (status, headers["content-type"]) == (200, "application/json")
    reply = json.loads(answer)
    assert reply["predictions"] == LABELS
    assert set(reply) == ({"predictions"} if path == "/invocations" else {*reply})
    assert captured_values(face) == VALUES
    assert face.captured()[0]["request_id"] == headers["x-scienceops-request-id"]


@pytest.mark.parametrize(
    "document",
    [
        {"instances": VALUES},
        {"inputs": VALUES},
        {"inputs": {name: [[row[name]] for row in ROWS] for name in COLUMNS}},
        {"dataframe_split": {"columns": COLUMNS, "data": VALUES, "index": [1, 2, 3, 4]}},
        {"dataframe_split": {"columns": COLUMNS[::-1], "data": [v[::-1] for v in VALUES]}},
        {"inputs": ROWS, "params": {}},
    ],
)
def test_other_shapes_of_the_json_forms(face, document):
    status, _, answer = face.ask("POST", "/invocations", json.dumps(document).encode())
    assert (status, json.loads(answer)) == (200, {"predictions": LABELS})
    assert captured_values(face) == VALUES


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"instances": ROWS, "inputs": ROWS}, "nothing else"),
        ({"dataframe_split": {"columns": COLUMNS}}, "data"),
        ({"dataframe_split": {"columns": COLUMNS, "data": [[1.0]]}}, "row 0 has 1 values"),
        ({"dataframe_split": {"columns": ["a", "a"], "data": []}}, "twice"),
        ({"inputs": {"a": [1], "b": [1, 2]}}, "as many in each"),
        ({"instances": [{**ROWS[0], "petal": 1}]}, "unknown column"),
        ({"inputs": ROWS, "params": {"temperature": 1}}, "nothing else"),
    ],
)
def test_what_is_wrong_in_mlflows_forms_is_told_in_its_form(face, document, says):
    status, _, answer = face.ask("POST", "/invocations", json.dumps(document).encode())
    told = json.loads(answer)
    assert status in (400, 422)
    assert told["error_code"] == "BAD_REQUEST"
    assert says in json.dumps(told)
    assert face.captured() == []


def test_an_onnx_model_answers_in_every_form(tmp_path):
    from skl2onnx import to_onnx

    path = tmp_path / "model.onnx"
    values = np.array(VALUES, dtype="f4")
    model = LogisticRegression(max_iter=500).fit(values, LABELS)
    path.write_bytes(to_onnx(model, values).SerializeToString())
    sample = pd.DataFrame(VALUES, columns=COLUMNS)
    face = Face(tmp_path, pack(path, sample, name="iris", path=tmp_path), fast=True)
    for form in ("input_df", "inputs"):
        body = json.dumps({form: FORMS[form]}).encode()
        assert json.loads(face.ask("POST", "/score", body)[2])["predictions"] == LABELS
    assert json.loads(face.ask("POST", "/score", csv_of(ROWS), kind="text/csv")[2])["version"] == 1
    body = json.dumps({"inputs": tensors_by_column()}).encode()
    assert json.loads(face.ask("POST", INFER, body)[2])["outputs"][0]["data"] == LABELS
    assert len(face.captured()) == 4


def csv_of(rows):
    lines = [",".join(rows[0]), *(",".join(str(v) for v in row.values()) for row in rows)]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize("path", ["/score", "/invocations"])
@pytest.mark.parametrize("kind", ["text/csv", "text/csv; charset=utf-8"])
def test_csv_is_read_by_the_schema(face, path, kind):
    status, _, answer = face.ask("POST", path, csv_of(ROWS), kind=kind)
    assert (status, json.loads(answer)["predictions"]) == (200, LABELS)
    assert captured_values(face) == VALUES


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b"\xff", "UTF-8"),
        (csv_of([{**ROWS[0], COLUMNS[1]: "wide"}]), "wide"),
        (csv_of([{**ROWS[0], COLUMNS[1]: ""}]), "missing value"),
        (csv_of([{**ROWS[0], "more": 1}]), "unknown column"),
        (csv_of(ROWS) + b"\r\n1,2", "row 4 has 2 values"),
        (csv_of([{**ROWS[0], COLUMNS[1]: "nan"}]), "wrong type"),
        (csv_of([{**ROWS[0], COLUMNS[1]: "1_0"}]), "wrong type"),
        (csv_of([{**ROWS[0], COLUMNS[1]: "\u0663"}]), "wrong type"),
    ],
)
def test_what_is_wrong_in_a_csv_is_named(face, body, says):
    status, _, answer = face.ask("POST", "/score", body, kind="text/csv")
    assert status in (400, 422)
    assert says in json.dumps(json.loads(answer))


def test_empty_cells_are_missing_values(tmp_path):
    face = Face(tmp_path, pack_diabetes(tmp_path), fast=True)
    body = b"age,bmi,bp,s5,sex\n0.01,,0.02,0,female\n0.01,0.05,0.02,0,male\n"
    status, _, answer = face.ask("POST", "/score", body, kind="text/csv")
    assert status == 200, answer
    (call,) = face.captured()
    assert call["columns"][1] == [None, 0.05]


INFER = "/v2/models/iris/infer"


def tensors_by_column():
    return [
        {"name": name, "shape": [4], "datatype": "FP64", "data": [row[name] for row in ROWS]}
        for name in COLUMNS
    ]


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


def stream_of(table, options=None):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=options) as stream:
        stream.write_table(table)
    return sink.getvalue()


def test_all_members_of_a_gzip_are_read(face):
    head, *lines = csv_of(ROWS).splitlines(keepends=True)
    body = gzip.compress(head + lines[0]) + gzip.compress(b"".join(lines[1:]))
    status, _, answer = face.ask("POST", "/score", body, kind="text/csv", Content_Encoding="gzip")
    assert (status, json.loads(answer)["predictions"]) == (200, LABELS)


@pytest.mark.parametrize("press", [gzip.compress, zlib.compress], ids=["gzip", "deflate"])
def test_a_packed_body_is_scored_and_captured(face, press):
    encoding = "gzip" if press is gzip.compress else "deflate"
    body = json.dumps({"input_df": ROWS}).encode()
    status, _, answer = face.ask("POST", "/score", press(body), Content_Encoding=encoding)
    assert (status, json.loads(answer)["predictions"]) == (200, LABELS)
    assert captured_values(face) == VALUES


@pytest.mark.parametrize(
    ("body", "encoding", "wanted"),
    [
        (gzip.compress(b" " * (LIMIT + 1)), "gzip", 413),
        (gzip.compress(b"{}" * 100)[:-9], "gzip", 400),
        (b"{}", "gzip", 400),
        (gzip.compress(b"{}") + b"{}", "gzip", 400),
        (zlib.compress(b"{}") + b"{}", "deflate", 400),
        (b"{}", "br", 400),
    ],
    ids=["too large", "torn", "not packed", "gzip and more", "deflate and more", "unknown"],
)
def test_what_is_wrong_with_a_packed_body_is_refused(face, body, encoding, wanted):
    status, _, answer = face.ask("POST", "/score", body, Content_Encoding=encoding)
    assert status == wanted, answer
    assert face.captured() == []


def test_an_arrow_stream_is_scored_by_column(face):
    body = stream_of(pa.table({name: [row[name] for row in ROWS] for name in COLUMNS[::-1]}))
    status, headers, answer = face.ask("POST", "/score", body, kind=ARROW)
    assert (status, headers["content-type"]) == (200, ARROW), answer
    with pa.ipc.open_stream(answer) as stream:
        table = stream.read_all()
    assert table["prediction"].to_pylist() == LABELS
    assert table.column_names[1:] == [f"probability.{n}" for n in dict.fromkeys(LABELS)]
    assert table.schema.metadata[b"request_id"].decode() == face.captured()[0]["request_id"]
    assert captured_values(face) == VALUES


def test_an_arrow_stream_is_answered_in_json_to_who_wants_that(face):
    body = stream_of(pa.table({name: [row[name] for row in ROWS] for name in COLUMNS}))
    _, headers, answer = face.ask("POST", "/score", body, kind=ARROW, Accept="application/json")
    assert headers["content-type"] == "application/json"
    assert json.loads(answer)["predictions"] == LABELS


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({**{n: [1.0] for n in COLUMNS}, "more": [1]}, "no column 'more'"),
        ({n: [1.0] for n in COLUMNS[1:]}, "missing value"),
        ({n: [1.0, None] for n in COLUMNS}, "row 1"),
        ({n: [1.0, float("nan")] for n in COLUMNS}, "no finite number"),
        ({n: ["a"] for n in COLUMNS}, "wrong type"),
        ({n: [True] for n in COLUMNS}, "wrong type"),
        ({n: pa.array([], pa.float64()) for n in COLUMNS}, "no rows"),
    ],
)
def test_what_is_wrong_in_an_arrow_stream_is_named(face, table, says):
    status, _, answer = face.ask("POST", "/score", stream_of(pa.table(table)), kind=ARROW)
    assert status in (400, 422)
    assert says in json.dumps(json.loads(answer))
    assert face.captured() == []


def test_a_torn_arrow_stream_is_refused(face):
    body = stream_of(pa.table({name: [1.0] * 100 for name in COLUMNS}))
    for cut in (0, 5, 100, len(body) // 2):
        status, _, answer = face.ask("POST", "/score", body[:cut], kind=ARROW)
        assert status == 400, (cut, answer)


def _dictionary(texts, rows):
    return pa.DictionaryArray.from_arrays(pa.array(bytes(rows), pa.int8()), pa.array(texts))


def _text_out_of_bounds():
    offsets = pa.py_buffer(struct.pack("<3i", 0, 2_000_000_000, 5))
    return pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"hello")])


@pytest.mark.parametrize(
    ("column", "compression", "says"),
    [
        (np.zeros(1_000_000), "zstd", "compressed buffers"),
        (np.zeros(1_000_000), "lz4", "compressed buffers"),
        (_dictionary(["a"], 100_000), "zstd", "compressed buffers"),
        (pa.nulls(10**9), None, "1000000000 rows"),
        (_dictionary(["x" * 100_000], 2_000), None, "200000000 bytes of text"),
        (_text_out_of_bounds, None, "out of bounds"),
        ([[1.0]], None, "type list"),
        (pa.array(["a"], pa.string_view()), None, "type string_view"),
        (pa.array([b"a"]), None, "type binary"),
    ],
)
def test_an_arrow_stream_that_would_unpack_to_much_or_to_nonsense_is_refused(
    face, column, compression, says
):
    options = pa.ipc.IpcWriteOptions(compression=compression)
    # Whoever prints such an array dies of it.
    column = column() if callable(column) else column
    body = stream_of(pa.table({COLUMNS[0]: column}), options)
    status, _, answer = face.ask("POST", "/score", body, kind=ARROW)
    assert status == 400
    assert says in json.loads(answer)["detail"]


def test_no_arrow_stream_with_wrong_bytes_is_anybodys_fault_but_the_callers(face):
    table = pa.table({name: [row[name] for row in ROWS] for name in COLUMNS})
    text = {"text": pa.array(["a", "b", None]).dictionary_encode()}
    bodies, drawn = [stream_of(table), stream_of(pa.table(text))], random.Random(1)
    for _ in range(1000):
        body = bytearray(drawn.choice(bodies))
        for _ in range(drawn.choice((1, 2, 8))):
            body[drawn.randrange(len(body))] = drawn.randrange(256)
        status, _, answer = face.ask("POST", "/score", bytes(body), kind=ARROW)
        assert status in (200, 400, 422), (status, answer, bytes(body))


def test_a_missing_value_of_a_dictionary_is_a_missing_value(face):
    odd = pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), pa.array([5.1, None]))
    table = pa.table([odd, *[pa.array([1.0, 2.0])] * 3], names=COLUMNS)
    status, _, answer = face.ask("POST", "/score", stream_of(table), kind=ARROW)
    (problem,) = json.loads(answer)["problems"]
    assert (status, problem["row"], problem["problem"]) == (422, 1, "missing value")


def test_types_of_arrow_are_taken_as_the_schema_has_them(tmp_path):
    face = Face(tmp_path, pack_diabetes(tmp_path), fast=True)
    table = pa.table(
        {
            "age": pa.array([1, 0], pa.int32()),
            "bmi": pa.array([None, 0.05], pa.float32()),
            "bp": pa.array([0.1, 0.2]),
            "s5": pa.array([0.0, 0.1]),
            "sex": pa.array(["female", "other"]).dictionary_encode(),
        }
    )
    status, _, answer = face.ask("POST", "/score", stream_of(table), kind=ARROW)
    assert status == 200, answer
    (call,) = face.captured()
    assert call["columns"][0] == [1.0, 0.0]
    assert call["columns"][1] == [None, pytest.approx(0.05)]
    assert call["columns"][4] == ["female", "other"]


def as_arrow(columns):
    sink = pa.BufferOutputStream()
    table = pa.table(columns)
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue().to_pybytes()


def faulty():
    """Per form, a call whose row 2 has no number in its second column."""
    rows = [dict(row) for row in ROWS]
    rows[2][COLUMNS[1]] = "wide"
    columns = {name: [row[name] for row in rows] for name in COLUMNS}
    gone = {**columns, COLUMNS[1]: [3.5, 3.0, None, 3.0]}
    tensors = [{**t, "data": columns[t["name"]]} for t in tensors_by_column()]
    return {
        "input_df": ("/score", "application/json", json.dumps({"input_df": rows}).encode()),
        "CSV": ("/score", "text/csv", csv_of(rows)),
        "Arrow": ("/score", ARROW, as_arrow(gone)),
        "MLflow": ("/invocations", "application/json", json.dumps({"inputs": columns}).encode()),
        "V2": (INFER, "application/json", json.dumps({"inputs": tensors}).encode()),
    }


@pytest.mark.parametrize("form", ["input_df", "CSV", "Arrow", "MLflow", "V2"])
def test_a_fault_names_its_row_and_column_in_every_form(face, form):
    path, kind, body = faulty()[form]
    status, headers, answer = face.ask("POST", path, body, kind=kind)
    told = json.loads(answer)
    assert status == 422
    first = told.get("problems", [{}])[0]
    if form == "V2":
        assert f"row 2, column {COLUMNS[1]!r}" in told["error"]
        return
    assert (first["row"], first["column"]) == (2, COLUMNS[1])
    if form != "MLflow":
        assert headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "detail"} <= set(told)
    assert face.captured() == []
