"""What holds in every form that rows may come in."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from face import Face
from protocol_bodies import (
    ARROW,
    COLUMNS,
    FORMS,
    INFER,
    LABELS,
    ROWS,
    VALUES,
    csv_of,
    stream_of,
    tensors_by_column,
)
from sklearn.linear_model import LogisticRegression

from scienceops import pack


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
        "Arrow": ("/score", ARROW, stream_of(pa.table(gone))),
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
