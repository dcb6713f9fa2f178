"""Rows: read a file of rows as the service's schema types them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from scienceops.core.csv_rows import decode, read_csv
from scienceops.core.schema import Schema
from scienceops.errors import BadInput


def read_rows(path: Path, schema: Schema) -> list[dict[str, Any]]:
    """The rows of a .csv, .json, .jsonl or .parquet file; raises BadInput naming what is wrong."""
    readers: dict[str, Callable[[Path, Schema], list[dict[str, Any]]]] = {
        ".csv": _read_csv,
        ".json": _read_json,
        ".jsonl": _read_json_lines,
        ".parquet": _read_parquet,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise BadInput(f"{path}: wanted one of {', '.join(readers)}")
    try:
        rows = reader(path, schema)
    except (ValueError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read as {path.suffix}: {error}") from None
    if not rows:
        raise BadInput(f"{path} holds no rows")
    return rows


def batches(rows: list[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """The rows, `size` at a time.

    >>> [len(batch) for batch in batches([{}] * 5, 2)]
    [2, 2, 1]
    """
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _read_csv(path: Path, schema: Schema) -> list[dict[str, Any]]:
    return read_csv(decode(path.read_bytes(), str(path)), schema, str(path))


def _read_json(path: Path, _: Schema) -> list[dict[str, Any]]:
    content = json.loads(path.read_bytes())
    if isinstance(content, dict) and "input_df" in content:
        content = content["input_df"]
    rows = content if isinstance(content, list) else [content]
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError('wanted a list of objects, or {"input_df": [...]}')
    return rows


def _read_json_lines(path: Path, _: Schema) -> list[dict[str, Any]]:
    with path.open("rb") as file:
        return [json.loads(line) for line in file if line.strip()]


def _read_parquet(path: Path, schema: Schema) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    times = {column.name for column in schema.columns if column.type == "datetime"}
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    for row in rows:
        for name in times & row.keys():
            if row[name] is not None and not isinstance(row[name], str):
                row[name] = row[name].isoformat()
    return rows
