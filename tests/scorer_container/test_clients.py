"""Clients that others wrote, against a real scorer: Triton's for V2, and what MLflow's sends."""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
import tritonclient.http as triton
from models import iris_rows, pack_iris
from scorer_process import KEY, Scorer
from tritonclient.utils import InferenceServerException

ROWS = [iris_rows()[place] for place in (0, 75, 149)]
VALUES = np.array([list(row.values()) for row in ROWS])
NAMES = ("predict", "predict_proba")
LABELS = ["setosa", "versicolor", "virginica"]
BODIES = json.loads((Path(__file__).parent / "mlflow_bodies.json").read_text())["bodies"]


def opened():
    """Headers with the key; new ones each time, for the client writes its own into them."""
    return {"Authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module")
def scorer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scorer")
    scorer = Scorer(folder, pack_iris(folder)).start()
    yield scorer
    scorer.stop()


@pytest.fixture(scope="module")
def client(scorer):
    with triton.InferenceServerClient(f"127.0.0.1:{scorer.port}") as client:
        yield client


def one_tensor(kind, binary):
    values = VALUES.astype(triton.triton_to_np_dtype(kind))
    tensor = triton.InferInput("x", list(values.shape), kind)
    tensor.set_data_from_numpy(values, binary_data=binary)
    return [tensor]


def one_tensor_a_column(binary):
    tensors = []
    for name, values in zip(ROWS[0], VALUES.T, strict=True):
        tensor = triton.InferInput(name, [len(values), 1], "FP64")
        tensor.set_data_from_numpy(np.ascontiguousarray(values[:, None]), binary_data=binary)
        tensors.append(tensor)
    return tensors


def texts(array):
    return [value.decode() if isinstance(value, bytes) else str(value) for value in array]


@pytest.mark.parametrize("binary_out", [False, True], ids=["JSON out", "bytes out"])
@pytest.mark.parametrize("binary", [False, True], ids=["JSON in", "bytes in"])
def test_tritons_client_scores_tensors(client, binary, binary_out):
    for inputs in (one_tensor("FP64", binary), one_tensor("FP32", binary)):
        outputs = [triton.InferRequestedOutput(n, binary_data=binary_out) for n in NAMES]
        result = client.infer("iris", inputs, outputs=outputs, request_id="mine", headers=opened())
        assert texts(result.as_numpy("predict")) == LABELS
        shares = result.as_numpy("predict_proba")
        assert shares.shape == (3, 3)
        assert shares.argmax(axis=1).tolist() == [0, 1, 2]
        assert result.get_response()["id"] == "mine"


@pytest.mark.parametrize("binary", [False, True], ids=["JSON in", "bytes in"])
def test_tritons_client_scores_a_tensor_for_each_column(client, binary):
    result = client.infer("iris", one_tensor_a_column(binary), model_version="1", headers=opened())
    assert texts(result.as_numpy("predict")) == LABELS


@pytest.mark.parametrize("sent", [None, "gzip", "deflate"])
@pytest.mark.parametrize("taken", [None, "gzip", "deflate"])
def test_tritons_client_packs_bodies_and_takes_them_packed(client, sent, taken):
    result = client.infer(
        "iris",
        one_tensor("FP64", True),
        outputs=[triton.InferRequestedOutput(n, binary_data=True) for n in NAMES],
        headers=opened(),
        request_compression_algorithm=sent,
        response_compression_algorithm=taken,
    )
    assert texts(result.as_numpy("predict")) == LABELS
    assert result.as_numpy("predict_proba").argmax(axis=1).tolist() == [0, 1, 2]


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_reply_is_packed_for_who_asks_so(scorer, encoding):
    body = json.dumps(
        {"inputs": [{"name": "x", "shape": [3, 4], "datatype": "FP64", "data": VALUES.tolist()}]}
    ).encode()
    asked = {"Content_Type": "application/json", "Accept_Encoding": encoding, **opened()}
    status, headers, answer = scorer.ask("POST", "/v2/models/iris/infer", body, **asked)
    told = {name.lower(): value for name, value in headers.items()}
    assert (status, told["content-encoding"], told["vary"]) == (200, encoding, "Accept-Encoding")
    whole = zlib.decompress(answer, zlib.MAX_WBITS | 32)
    assert json.loads(whole)["outputs"][0]["data"] == LABELS


def test_tritons_client_reads_what_is_wrong_with_a_packed_body(client):
    wrong = triton.InferInput("x", [1, 2], "FP64")
    wrong.set_data_from_numpy(np.zeros((1, 2)), binary_data=False)
    both = dict.fromkeys(
        ("request_compression_algorithm", "response_compression_algorithm"), "gzip"
    )
    with pytest.raises(InferenceServerException, match=r"\[rows, 4\]"):
        client.infer("iris", [wrong], headers=opened(), **both)


def test_tritons_client_finds_the_server_and_the_model(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("iris")
    assert client.is_model_ready("iris", "1")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    told = client.get_model_metadata("iris")
    assert [tensor["name"] for tensor in told["inputs"]] == list(ROWS[0])


def test_tritons_client_is_told_what_is_wrong(client):
    wrong = triton.InferInput("x", [1, 2], "FP64")
    wrong.set_data_from_numpy(np.zeros((1, 2)), binary_data=False)
    with pytest.raises(InferenceServerException, match=r"\[rows, 4\]"):
        client.infer("iris", [wrong], headers=opened())
    with pytest.raises(InferenceServerException, match="gateway only"):
        client.infer("iris", one_tensor("FP64", True))


@pytest.mark.parametrize("name", BODIES)
def test_what_mlflows_client_sends_is_scored(scorer, name):
    kind = {"Content_Type": "application/json", **opened()}
    status, _, answer = scorer.ask("POST", "/invocations", BODIES[name].encode(), **kind)
    assert (status, json.loads(answer)) == (200, {"predictions": LABELS})


@pytest.mark.parametrize("path", ["/ping", "/health"])
def test_mlflows_client_finds_the_server_ready(scorer, path):
    assert scorer.ask("GET", path)[0] == 200
