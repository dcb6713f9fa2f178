"""Rows of a file arrive as the schema types them, and what cannot is left for the service."""

import json

import pandas as pd
import pytest

from scienceops.cli.rows import read_rows
from scienceops.core.schema import Column, Schema
from scienceops.errors import BadInput

SCHEMA = Schema(
    (
        Column("length", "number"),
        Column("count", "integer"),
        Column("ready", "boolean"),
        Column("colour", "string", nullable=True),
        Column("at", "datetime"),
    )
)
ROW = {"length": 1.5, "count": 2, "ready": True, "colour": "red", "at": "2026-11-20T00:00:00"}


def test_every_format_gives_the_same_rows(tmp_path):
    frame = pd.DataFrame([ROW])
    frame.to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "rows.json").write_text(json.dumps({"input_df": [ROW]}))
    (tmp_path / "rows.jsonl").write_text(json.dumps(ROW) + "\n\n")
    frame.assign(at=pd.to_datetime(frame["at"])).to_parquet(tmp_path / "rows.parquet")
    for name in ("rows.csv", "rows.json", "rows.jsonl", "rows.parquet"):
        assert read_rows(tmp_path / name, SCHEMA) == [ROW], name


def test_a_csv_with_a_byte_order_mark_and_holes(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(b"\xef\xbb\xbflength,count,ready,colour,at\n,2,no,,2026-11-20\n")
    (row,) = read_rows(path, SCHEMA)
    assert (row["length"], row["count"], row["ready"], row["colour"]) == (None, 2, False, None)


def test_what_does_not_convert_goes_on_as_text(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("length,count,ready,unknown\nlong,2.5,maybe,kept\n")
    assert read_rows(path, SCHEMA) == [
        {"length": "long", "count": 2.5, "ready": "maybe", "unknown": "kept"}
    ]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("rows.xlsx", b"", ".csv, .json, .jsonl, .parquet"),
        ("rows.json", b"{", "cannot be read as .json"),
        ("rows.json", b"[1]", "list of objects"),
        ("rows.csv", b"a,b\n", "no rows"),
        ("rows.csv", b"\xff\xfe", "seems to be in UTF-16; save it in UTF-8"),
        ("rows.parquet", b"none", "cannot be read as .parquet"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput) as told:
        read_rows(tmp_path / name, SCHEMA)
    assert says in str(told.value)
    assert name in str(told.value)
