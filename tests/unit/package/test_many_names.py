"""Names by the ten thousand, as anybody may send them: each is looked at once."""

import io
import json
import time

import pytest
from support_pack import package_bytes, package_files

from scienceops.core.csv_rows import read_records
from scienceops.core.package import read_package
from scienceops.core.schema import Column, Schema
from scienceops.errors import BadInput, BadPackage, BadSchema

NAMES = [f"name{number}" for number in range(20_000)]
#: To look through all of them for each takes 9 s or more, to look at each once a tenth of one.
MOST_SECONDS = 3.0


@pytest.fixture(autouse=True)
def quick():
    """The time that the test itself took of a processor, however many others want one."""
    began = time.thread_time()
    yield
    assert time.thread_time() - began < MOST_SECONDS


def read(**files):
    package = package_bytes(package_files(**files))
    return read_package(io.BytesIO(package), limit_bytes=10 * 1024**2)


def test_a_csv_of_many_columns_is_read():
    text = f"{','.join(NAMES)}\n{','.join('1' * len(NAMES))}\n"
    (row,) = read_records(text, ["name7"], "the CSV")
    assert list(row) == NAMES


def test_a_column_that_a_csv_has_twice_among_many_is_named():
    with pytest.raises(BadInput, match="two columns 'name7'"):
        next(read_records(",".join([*NAMES, "name7"]), ["name7"], "the CSV"))


def test_a_key_that_a_document_has_twice_among_many_is_named():
    pairs = ",".join(f'"{name}":0' for name in [*NAMES, NAMES[-1]])
    with pytest.raises(BadPackage, match=f"key '{NAMES[-1]}' is there twice"):
        read(sample__json=f"{{{pairs}}}".encode())


def test_a_schema_of_many_columns_is_read():
    schema = Schema(tuple(Column(name, "number") for name in NAMES))
    assert len(schema.columns) == len(NAMES)


def test_a_column_that_a_schema_has_twice_among_many_is_named():
    with pytest.raises(BadSchema, match=f"column '{NAMES[-1]}' is there twice"):
        Schema(tuple(Column(name, "number") for name in [*NAMES, NAMES[-1]]))


def test_a_sample_without_the_columns_of_a_large_schema_is_told_soon():
    properties = {name: {"type": "number"} for name in NAMES}
    document = {"type": "object", "properties": properties, "required": NAMES}
    with pytest.raises(BadPackage, match="missing value"):
        read(schema__json=json.dumps(document).encode())
