"""Many rows of numbers alone: the same values as by the slow check, whatever columns are called."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scienceops.core.schema import Column, Schema
from scienceops.errors import BadInput, BadRows
from scorer_container.decode import RowsDecoder

#: Lengths of text that MessagePack writes in different ways, and rows with more than 15 columns.
NAMES = [
    ["a"],
    ["é", "x" * 31, "y" * 32, "z" * 255, "ß" * 255],
    [f"column {number}" for number in range(20)],
]
numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**70), 2**70),
    st.sampled_from([-0.0, 5e-324, 1.7976931348623157e308, 2**53 + 1]),
)
odd = st.one_of(st.none(), st.booleans(), st.text(max_size=2), st.just(10**400))


def schema_of(names):
    return Schema(tuple(Column(name, "number") for name in names))


@given(st.sampled_from(NAMES[::2]), st.integers(65, 90), st.lists(numbers, min_size=1), st.data())
@settings(max_examples=100, deadline=None)
def test_numbers_are_taken_and_refused_as_by_the_slow_check(names, count, found, drawn):
    schema = schema_of(names)
    rows = [
        {name: found[(row * 7 + place) % len(found)] for place, name in enumerate(names)}
        for row in range(count)
    ]
    if drawn.draw(st.booleans()):
        rows[drawn.draw(st.integers(0, count - 1))][names[-1]] = drawn.draw(st.one_of(odd, numbers))
    body = json.dumps({"input_df": rows}).encode()
    try:
        checked = schema.check_rows(rows)
    except BadRows:
        with pytest.raises((BadRows, BadInput)):
            RowsDecoder(schema).decode(body)
        return
    columns = RowsDecoder(schema).decode(body).columns
    wanted = [[row[name] for row in checked] for name in names]
    # The text tells 0.0 from -0.0.
    assert repr([column.tolist() for column in columns]) == repr(wanted)


@pytest.mark.parametrize("names", NAMES, ids=len)
@pytest.mark.parametrize("count", [65, 70_000])
def test_each_number_is_found_whatever_the_names_and_however_many_rows(names, count, monkeypatch):
    monkeypatch.setattr(RowsDecoder, "_decode_slowly", None)
    if count * len(names) > 100_000:
        names = ["short", "x" * 32]
    decoder = RowsDecoder(schema_of(names))
    texts = [json.dumps({name: 1.5 * place for place, name in enumerate(names)})] * count
    texts[count // 2] = json.dumps({name: -7.25 - place for place, name in enumerate(names)})
    table = decoder.decode(f'{{"input_df": [{",".join(texts)}]}}'.encode())
    assert table.count == count
    for place, column in enumerate(table.columns):
        wanted = np.full(count, 1.5 * place)
        wanted[count // 2] = -7.25 - place
        assert (column.dtype, column.flags.writeable) == (np.float64, True)
        assert np.array_equal(column, wanted)
