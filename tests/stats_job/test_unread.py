"""An object that is no segment is left out and told, and holds up nothing else."""

import io
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from club import DAYS, ROWS, assert_same, fill, run_inline, run_spark, values

from scienceops.adapters.local import connect
from scienceops.config import Settings
from scienceops.core.names import Partition
from scienceops.errors import BadSegment
from scienceops.ports import Ports
from scienceops.training.captured import read_captured

#: Of the second day, what no other segment repeats: its rows are missing when it is.
KEY = Partition("club", 1, DAYS[1]).segment_key("a", 1)


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def ports(settings: Settings) -> Ports:
    ports = connect(settings)
    fill(ports)
    return ports


def written(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def without_age(data: bytes) -> bytes:
    return written(pq.read_table(io.BytesIO(data)).drop_columns(["input.age"]))


def age_in_words(data: bytes) -> bytes:
    table = pq.read_table(io.BytesIO(data))
    place = table.column_names.index("input.age")
    return written(table.set_column(place, "input.age", table["input.age"].cast(pa.string())))


def nobodys(data: bytes) -> bytes:
    table = pq.read_table(io.BytesIO(data))
    nothing = pa.nulls(table.num_rows, pa.string())
    return written(table.set_column(0, "request_id", nothing))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (cut, "no whole Parquet file"),
        (without_age, "no column 'input.age'"),
        (age_in_words, "'input.age' is of type string, wanted double"),
        (nobodys, "rows have no 'request_id'"),
    ],
)
def test_what_is_no_segment_is_left_out_and_told(
    ports: Ports, spoil: Callable[[bytes], bytes], why: str
):
    run_inline(ports, 1)
    before = values(ports)
    ports.objects.put(KEY, spoil(ports.objects.get(KEY)))
    result = run_inline(ports, 2)
    assert result["rows_read"] == 2 * ROWS - 1000
    assert result["unread_objects"] == 1
    [told] = result["unread"]
    assert told["key"] == KEY
    assert why in told["why"]
    found = values(ports)
    assert found[DAYS[1], "prediction", "count"][0] == ROWS - 1000
    first = {place: value for place, value in before.items() if place[0] == DAYS[0]}
    assert {place: value for place, value in found.items() if place[0] == DAYS[0]} == first


def test_a_segment_that_is_there_no_more_is_told(ports: Ports):
    ports.objects.delete(KEY)
    [told] = run_inline(ports, 1)["unread"]
    assert told == {"key": KEY, "why": "it is there no more"}


def test_a_day_of_which_nothing_can_be_read_has_no_rows(ports: Ports):
    for info in list(ports.objects.scan(Partition("club", 1, DAYS[1]).prefix)):
        ports.objects.put(info.key, b"nothing of ours")
    result = run_inline(ports, 1)
    assert (result["rows_read"], result["unread_objects"]) == (ROWS, 4)
    found = values(ports)
    assert found[DAYS[1], "prediction", "count"][0] == 0
    assert found[DAYS[1], "age", "verdict"][0] == -1


@pytest.mark.spark
def test_spark_leaves_out_and_tells_the_same(settings: Settings, ports: Ports):
    ports.objects.put(KEY, cut(ports.objects.get(KEY)))
    inline = run_inline(ports, 1)
    expected = values(ports)
    assert run_spark(settings, 2)["unread"] == inline["unread"]
    assert_same(values(ports), expected)


def test_a_training_set_lacks_no_rows_without_a_word(ports: Ports):
    ports.objects.put(KEY, b"nothing of ours")
    with pytest.raises(BadSegment, match=f"^{KEY}: .*leave out its day"):
        read_captured([{"keys": [KEY], "label_keys": []}], [], ports.objects)
