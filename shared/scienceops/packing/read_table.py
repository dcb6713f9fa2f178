"""Read a table: rows for packing, from a CSV, Excel, JSON, JSON lines or Parquet file."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd

from scienceops.errors import BadInput

SUFFIXES = (".csv", ".json", ".jsonl", ".parquet", ".xlsx")


def read_table(path: Path) -> pd.DataFrame:
    """The rows of the file; raises BadInput naming it when it cannot be read or holds none."""
    try:
        frame = _read(path)
    except (ValueError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise BadInput(f"{path} cannot be read as {path.suffix or 'a table'}: {error}") from None
    if frame.empty:
        raise BadInput(f"{path} holds no rows")
    return frame


def _read(path: Path) -> pd.DataFrame:
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return pd.read_csv(path)
    if suffix == ".parquet":
        return pd.read_parquet(path)
    if suffix == ".xlsx":
        return pd.read_excel(path, engine="openpyxl")
    if suffix == ".jsonl":
        lines = path.read_text().splitlines()
        return _from_rows([json.loads(line) for line in lines if line.strip()])
    if suffix == ".json":
        document = json.loads(path.read_text())
        # The body of a call is as good a sample as its rows alone.
        if isinstance(document, dict) and "input_df" in document:
            document = document["input_df"]
        return _from_rows(document if isinstance(document, list) else [document])
    raise ValueError(f"wanted one of {', '.join(SUFFIXES)}")


def _from_rows(rows: list[Any]) -> pd.DataFrame:
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError('wanted a list of objects, or {"input_df": [...]}')
    return pd.DataFrame(rows)
