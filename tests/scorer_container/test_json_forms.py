"""Our form and those of MLflow, on both faces: the same answers and the same captures."""

import json

import pytest
from protocol_bodies import COLUMNS, FORMS, LABELS, ROWS, VALUES, captured_values


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
