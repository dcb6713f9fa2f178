"""An object that is no segment, or no labels, is left out and told, and holds up nothing else."""

import io
import json
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from club import DAYS, ROWS, assert_same, fill, run_inline, run_spark, values

from scienceops.adapters.local import connect
from scienceops.config import Settings
from scienceops.core.labels import Label
from scienceops.core.names import Partition, run_manifest_key
from scienceops.errors import BadLabels, BadSegment
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


def label(ports: Ports, contents: dict[str, bytes]) -> list[str]:
    """Labels of the second day, which the frozen runs are to count; their keys."""
    prefix = Partition("club", 1, DAYS[1]).labels_prefix
    keys = [prefix + name for name in contents]
    for key, content in zip(keys, contents.values(), strict=True):
        ports.objects.put(key, content)
    for number in (1, 2):
        place = run_manifest_key(f"run-{number:09d}")
        frozen = json.loads(ports.objects.get(place))
        frozen["partitions"][1]["label_keys"] = keys
        ports.objects.put(place, json.dumps(frozen).encode())
    return keys


GOOD = Label("r-1", 0, "yes", "eva").to_line() + Label("r-2", 0, "no", "eva").to_line()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (GOOD[:-9], "line 2 is no label"),
        (b"nothing of ours", "line 1 is no label"),
        (b"[]\n", "line 1 is no label"),
        (b'{"request_id": "r-3", "row": 0}', "'label'"),
        (b'{"request_id": 3, "row": 0, "label": "yes"}', "request_id 3: wanted text"),
        (b'{"request_id": "r-\\ud800", "row": 0, "label": "yes"}', "line 1 is no label"),
        (b'{"request_id": "r-3", "row": [], "label": "yes"}', "row []"),
        (b'{"request_id": "r-3", "row": 0, "label": NaN}', "nan"),
        (b"\xff\xfe", "line 1 is no label"),
    ],
)
def test_what_is_no_labels_is_left_out_and_told(ports: Ports, content: bytes, why: str):
    _, key = label(ports, {"1.jsonl": GOOD, "2.jsonl": content})
    result = run_inline(ports, 1)
    assert (result["labelled_rows"], result["unread_objects"]) == (2, 1)
    [told] = result["unread"]
    assert told["key"] == key
    assert why in told["why"]
    assert values(ports)[DAYS[1], "(quality)", "labelled"] == (2, 2)


def test_labels_that_are_there_no_more_are_told(ports: Ports):
    _, key = label(ports, {"1.jsonl": GOOD, "2.jsonl": GOOD})
    ports.objects.delete(key)
    result = run_inline(ports, 1)
    assert result["unread"] == [{"key": key, "why": "it is there no more"}]
    assert result["labelled_rows"] == 2


def test_a_training_set_lacks_no_labels_without_a_word(ports: Ports):
    (key,) = label(ports, {"1.jsonl": b"nothing of ours"})
    with pytest.raises(BadLabels, match=f"^{key}: .*leave out its day"):
        read_captured([{"keys": [KEY], "label_keys": [key]}], [], ports.objects)


@pytest.mark.spark
def test_spark_leaves_out_and_tells_the_same(settings: Settings, ports: Ports):
    ports.objects.put(KEY, cut(ports.objects.get(KEY)))
    label(ports, {"1.jsonl": GOOD, "2.jsonl": b"nothing of ours"})
    inline = run_inline(ports, 1)
    assert inline["unread_objects"] == 2
    expected = values(ports)
    assert run_spark(settings, 2)["unread"] == inline["unread"]
    assert_same(values(ports), expected)


def test_a_training_set_lacks_no_rows_without_a_word(ports: Ports):
    ports.objects.put(KEY, b"nothing of ours")
    with pytest.raises(BadSegment, match=f"^{KEY}: .*leave out its day"):
        read_captured([{"keys": [KEY], "label_keys": []}], [], ports.objects)


def test_labels_of_rows_that_their_request_did_not_have_are_told(ports: Ports):
    label(ports, {"1.jsonl": GOOD + Label("r-1", 77, "yes", "eva").to_line()})
    assert run_inline(ports, 1)["unmatched_labels"] == 1
