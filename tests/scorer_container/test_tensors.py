"""V2's tensors typed while they are parsed, beside the slower look: both say the same."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scienceops.core.schema import Column, Schema
from scienceops.core.table import Table
from scienceops.errors import BadInput, BadRows
from scorer_container.decode import RowsDecoder
from scorer_container.protocols.tensors import TensorsDecoder
from scorer_container.protocols.v2 import V2Form

MIXED = Schema(
    (
        Column("n", "number"),
        Column("m", "number", nullable=True),
        Column("i", "integer"),
        Column("s", "string", nullable=True),
        Column("o", "boolean"),
        Column("d", "datetime"),
    )
)
GOOD = {"n": 1.5, "m": None, "i": 3, "s": "é", "o": True, "d": "2026-01-02"}
NUMBERS = Schema((Column("a", "number"), Column("b", "number"), Column("c", "number")))
PATH = "/v2/models/iris/infer"

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63) - 2, 2**63 + 2),
    st.floats(),
    st.sampled_from([3.0, -0.0, 1e308, 10**400, "2026-01-02T03:04:05Z", "2026-13-01", "\ud800"]),
    st.text(max_size=3),
    st.lists(st.integers(), max_size=1),
)
counts = st.sampled_from([1, 2, 64, 65, 70])
faults = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["n", "a", "x", 3]),
        "shape": st.sampled_from([[1], [2, 1], [65], [65.0], [True], [70, 3], [-1, -1], [], "2"]),
        "datatype": st.sampled_from(["FP64", "BYTES", "FP128", None]),
        "parameters": st.sampled_from([None, {}, {"binary_data_size": 8}, [], 3]),
        "data": st.sampled_from([None, [], [[1.0, 2.0, 3.0]], "text"]),
    },
)
calls = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["mine", 5, None]),
        "parameters": st.sampled_from([{"x": 1}, 3]),
        "outputs": st.sampled_from([[{"name": "predict"}], [{"name": "logits"}], 5]),
    },
)


class Slowly(TensorsDecoder):
    """Leaves it all to the slower look."""

    def decode(self, body):
        return None


def read(schema, body, kind=TensorsDecoder):
    decoder = RowsDecoder(schema)
    decoder.tensors = kind(schema)
    form = V2Form(decoder, "", PATH, 1, ("predict",))
    try:
        table = form.read(body)
    except BadRows as error:
        return error.problems
    except BadInput as error:
        return str(error)
    asked = [form._asked.get(name) for name in ("id", "parameters", "outputs")]
    columns = [v.tolist() if isinstance(v, np.ndarray) else v for v in table.columns]
    return asked, [[(type(value), repr(value)) for value in column] for column in columns]


def tensor(name, held, shape=None):
    kind = "BYTES" if isinstance(held[0], str) else "FP64"
    return {"name": name, "shape": shape or [len(held)], "datatype": kind, "data": held}


@given(
    counts, st.dictionaries(st.sampled_from([*GOOD]), values, max_size=2), faults, calls, st.data()
)
@settings(max_examples=300, deadline=None)
def test_a_tensor_for_each_column_is_taken_and_refused_alike(count, odd, fault, call, drawn):
    held = {name: [value] * count for name, value in GOOD.items()}
    for name, value in odd.items():
        held[name][drawn.draw(st.integers(0, count - 1))] = value
    names = drawn.draw(st.permutations([*GOOD, *drawn.draw(st.sampled_from([[], ["n"]]))]))
    tensors = [tensor(name, held[name]) for name in names[drawn.draw(st.integers(0, 1)) :]]
    tensors[0] |= fault
    body = json.dumps({"inputs": tensors, **call}).encode()
    assert read(MIXED, body) == read(MIXED, body, Slowly)


@given(counts, values, faults, calls)
@settings(max_examples=300, deadline=None)
def test_one_tensor_for_all_columns_is_taken_and_refused_alike(count, odd, fault, call):
    held = [*np.arange(count * 3 - 1).tolist(), odd]
    whole = tensor("x", held, [count, 3]) | fault
    body = json.dumps({"inputs": [whole], **call}).encode()
    assert read(NUMBERS, body) == read(NUMBERS, body, Slowly)


@pytest.mark.parametrize("count", [1, 100])
def test_what_is_right_is_looked_at_once(monkeypatch, count):
    monkeypatch.setattr(V2Form, "_document", None)
    whole = tensor("x", np.arange(count * 3.0).tolist(), [count, 3])
    asked, columns = read(NUMBERS, json.dumps({"inputs": [whole]}).encode())
    assert (asked, len(columns[0])) == ([None, None, None], count)
    mixed = [tensor(name, [value] * count) for name, value in GOOD.items()]
    assert len(read(MIXED, json.dumps({"inputs": mixed}).encode())[1][5]) == count


def test_numbers_of_many_rows_come_as_arrays():
    whole = tensor("x", np.arange(210.0).tolist(), [70, 3])
    found = TensorsDecoder(NUMBERS).decode(json.dumps({"inputs": [whole]}).encode())
    assert found is not None
    table = found[1]
    assert isinstance(table, Table)
    assert [column.dtype for column in table.columns] == [np.float64] * 3
    assert table.columns[1].tolist() == list(range(1, 210, 3))
