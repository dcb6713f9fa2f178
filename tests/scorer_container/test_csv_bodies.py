"""Rows as CSV, on both faces: the same answers as in JSON."""

import json

import pytest
from face import Face
from models import pack_diabetes
from protocol_bodies import COLUMNS, LABELS, ROWS, VALUES, captured_values, csv_of


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
