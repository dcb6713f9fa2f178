"""Arrow streams, on both faces: scored by column, and never taken at their word."""

import json
import random
import struct

import numpy as np
import pyarrow as pa
import pytest
from face import Face
from models import pack_diabetes
from protocol_bodies import ARROW, COLUMNS, LABELS, ROWS, VALUES, captured_values, stream_of


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
