"""Other protocols through the gateway: a key opens them, and what they score is captured."""

import csv
import gzip
import json
import urllib.error
import urllib.request

import numpy as np
import pytest
import tritonclient.http as triton
from contract.waiting import PATIENCE
from mlflow_directory import write_mlflow
from models import iris_rows, iris_table, pack_iris, pack_iris_trees
from platform_process import wait_for
from schemathesis_run import findings
from sklearn.linear_model import LogisticRegression

ROWS = iris_rows()[:2]
COLUMNS = list(ROWS[0])


@pytest.fixture(scope="module")
def key(platform, tmp_path_factory):
    platform.cli("push", str(pack_iris(tmp_path_factory.mktemp("p"))), "--wait")
    return platform.json("keys", "iris", "create")["key"]


def ask(platform, method, path, body=None, **headers):
    """(status, headers, body) of a call as any HTTP client makes it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"{platform.url}/api/v1/service/iris{path}"
    try:
        asked = urllib.request.Request(url, body, named, method=method)
        with urllib.request.urlopen(asked, timeout=30 * PATIENCE) as reply:
            return reply.status, reply.headers, reply.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def calls():
    table = "\n".join([",".join(COLUMNS), *(",".join(map(str, r.values())) for r in ROWS)])
    values = [list(row.values()) for row in ROWS]
    tensor = {"name": "x", "shape": [2, 4], "datatype": "FP64", "data": values}
    return {
        "CSV": ("/score", "text/csv", table.encode()),
        "MLflow": (
            "/invocations",
            "application/json",
            json.dumps({"dataframe_split": {"columns": COLUMNS, "data": values}}).encode(),
        ),
        "V2": (
            "/v2/models/iris/infer",
            "application/json",
            json.dumps({"inputs": [tensor]}).encode(),
        ),
    }


@pytest.mark.parametrize("name", ["CSV", "MLflow", "V2"])
def test_a_call_is_answered_and_captured(platform, key, name):
    path, kind, body = calls()[name]
    status, headers, answer = ask(
        platform, "POST", path, body, Authorization=f"Bearer {key}", Content_Type=kind
    )
    assert status == 200, answer
    assert b"setosa" in answer
    assert headers["X-ScienceOps-Version"] == "1"
    identity = headers["X-ScienceOps-Request-Id"]

    def mine():
        return [r for r in platform.captured("iris") if r["request_id"] == identity] or None

    captured = wait_for(mine, 20, "the capture")
    assert [r["row"] for r in captured] == [0, 1]
    assert [r[f"input.{COLUMNS[0]}"] for r in captured] == [row[COLUMNS[0]] for row in ROWS]


@pytest.mark.parametrize("name", ["CSV", "MLflow", "V2"])
def test_a_call_without_a_key_is_refused(platform, key, name):
    path, kind, body = calls()[name]
    assert key
    assert ask(platform, "POST", path, body, Content_Type=kind)[0] == 401


def test_bodies_go_packed_through_the_gateway(platform, key):
    path, kind, body = calls()["V2"]
    status, headers, answer = ask(
        platform, "POST", path, gzip.compress(body), Authorization=f"Bearer {key}",
        Content_Type=kind, Content_Encoding="gzip", Accept_Encoding="gzip",
    )  # fmt: skip
    assert status == 200, answer
    assert {n.lower(): v for n, v in headers.items()}["content-encoding"] == "gzip"
    assert b"setosa" in gzip.decompress(answer)


def test_the_model_describes_itself_to_clients_of_the_protocol(platform, key):
    opened = {"Authorization": f"Bearer {key}"}
    status, _, body = ask(platform, "GET", "/v2/models/iris", **opened)
    assert status == 200, body
    assert [tensor["name"] for tensor in json.loads(body)["inputs"]] == COLUMNS
    assert ask(platform, "GET", "/v2/health/ready", **opened)[0] == 200
    assert ask(platform, "GET", "/v2", **opened)[0] == 200
    assert ask(platform, "GET", "/v2/health/ready")[0] == 401
    assert ask(platform, "GET", "/v2/../metadata", **opened)[0] == 404


def test_a_file_is_scored_to_a_file(platform, key, tmp_path):
    data, out = tmp_path / "data.csv", tmp_path / "out.csv"
    data.write_text("\n".join([",".join(COLUMNS), *(",".join(map(str, r.values())) for r in ROWS)]))
    words = ["score", "iris", "--data", str(data), "--out", str(out), "--rows", "1"]
    told = platform.json(*words)
    assert (told["rows"], out.exists()) == (2, True)
    with out.open() as file:
        found = list(csv.DictReader(file))
    assert [row["prediction"] for row in found] == ["setosa"] * 2
    assert len({row["request_id"] for row in found}) == 2


def test_models_from_elsewhere_are_proved_and_served(platform, tmp_path):
    from skl2onnx import to_onnx

    values = np.array([list(row.values()) for row in iris_rows()])
    labels = iris_table()["species"].tolist()
    model = LogisticRegression(max_iter=500).fit(values, labels)
    graph = tmp_path / "model.onnx"
    graph.write_bytes(to_onnx(model, values[:1].astype("f4")).SerializeToString())
    example = {"columns": COLUMNS, "data": values[:3].tolist()}
    folder = write_mlflow(tmp_path / "mlflow", model, form="skops", example=example)
    sample = tmp_path / "rows.json"
    sample.write_text(json.dumps(ROWS))
    for name, path in (("from-onnx", graph), ("from-mlflow", folder)):
        words = ["--name", name, "--model", str(path), "--sample", str(sample)]
        zipped = platform.json("pack", *words, "--out", str(tmp_path))["path"]
        platform.cli("push", zipped, "--wait")
        told = platform.json("score", name, "--data", str(sample))
        assert told["predictions"] == ["setosa"] * 2


def test_schemathesis_finds_nothing(platform, tmp_path):
    platform.cli("push", str(pack_iris_trees(tmp_path, "trees")), "--wait")
    key = platform.json("keys", "trees", "create")["key"]
    assert findings(platform.url, "/api/v1/service/trees/openapi.json", key, tmp_path) == ""


def test_tritons_client_scores_through_the_gateway(platform, key):
    values = np.array([list(row.values()) for row in ROWS])
    tensor = triton.InferInput("x", list(values.shape), "FP64")
    tensor.set_data_from_numpy(values, binary_data=True)
    address = f"127.0.0.1:{platform.port}/api/v1/service/iris"
    with triton.InferenceServerClient(address) as client:
        result = client.infer("iris", [tensor], headers={"Authorization": f"Bearer {key}"})
    assert [label.decode() for label in result.as_numpy("predict")] == ["setosa", "setosa"]
